import { accessSync, constants, realpathSync } from 'node:fs';
import { TsgunError } from '../core/errors.ts';
import type { Identity } from './privileges.ts';

interface Command {
  file: string;
  args: readonly string[];
}

const folders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];

const found = new Map<string, string | null>();

/** A program of util-linux; what busybox has of that name lacks what we need of it. */
export function findTool(name: string): string | null {
  const tool =
    found.get(name) ?? folders.map((folder) => `${folder}/${name}`).find(isUsable) ?? null;
  found.set(name, tool);
  return tool;
}

function isUsable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return !realpathSync(file).includes('busybox');
  } catch {
    return false;
  }
}

/**
 * Puts setpriv before a command, which drops privileges and groups for good and has the kernel kill
 * the child when its parent dies: prctl(2), PR_SET_PDEATHSIG. Without setpriv Node drops the
 * privileges, and a child learns from its closed channel that its parent is gone.
 */
export function launch(
  command: Command,
  identity: Identity | null,
): Command & { identity?: { uid: number; gid: number } } {
  const tool = findTool('setpriv');
  if (!tool) return launchWithoutTool(command, identity);
  return {
    file: tool,
    args: ['--pdeathsig', 'KILL', ...identityArgs(identity), '--', command.file, ...command.args],
  };
}

function identityArgs(identity: Identity | null): string[] {
  if (!identity) return [];
  const { uid, gid, groups } = identity;
  const supplementary = groups.length === 0 ? ['--clear-groups'] : ['--groups', groups.join(',')];
  return ['--reuid', String(uid), '--regid', String(gid), ...supplementary];
}

function launchWithoutTool(command: Command, identity: Identity | null) {
  if (!identity) return command;
  if (identity.groups.length > 0) {
    const message = 'Cannot take on the groups of a user: "setpriv" of util-linux is not installed';
    throw new TsgunError('TSGUN_E_PRIVILEGES', message);
  }
  return { ...command, identity: { uid: identity.uid, gid: identity.gid } };
}
