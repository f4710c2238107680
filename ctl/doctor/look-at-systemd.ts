import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type Check, fail, good, unknown, warn } from './check.ts';
import type { Patient } from './patient.ts';
import { showUnit } from './run-systemctl.ts';

const name = 'systemd';
const properties = ['LoadState', 'ActiveState', 'SubState', 'Result', 'NRestarts', 'MainPID'];

/** The unit of the instance, where systemd is what runs the machine: sd_booted(3). */
export async function lookAtSystemd(
  patient: Patient,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { instance, root } = patient;
  const booted = await stat(path.join(root, 'run/systemd/system')).catch(() => null);
  if (!booted) return [good(name, 'systemd does not run this machine')];
  if (instance === null || !/^[\w:.][\w:.-]*$/.test(instance)) {
    return [unknown(name, 'No unit belongs to this name')];
  }
  const unit = `tsgun@${instance}.service`;
  const shown = await showUnit(unit, properties, signal);
  if (!shown) return [unknown(name, 'systemctl does not answer')];
  return [judge(unit, shown, patient)];
}

function judge(unit: string, shown: ReadonlyMap<string, string>, patient: Patient): Check {
  const [load, active, sub] = properties.map((property) => shown.get(property) ?? '');
  const state = `${unit} is ${active} (${sub})`;
  const journal = `journalctl -u ${unit}`;
  if (load !== 'loaded')
    return good(name, `${unit} is ${load}: something else starts the instance`);
  if (active === 'failed') return fail(name, `${state}: ${shown.get('Result')}`, journal);
  if (active !== 'active' && patient.facts) {
    return warn(name, `${state}, but the instance runs`, 'it was not started by its unit');
  }
  if (active !== 'active') return warn(name, state, `systemctl start ${unit}`);
  if (!patient.facts) return fail(name, `${state}, but the instance does not answer`, journal);
  const restarts = Number(shown.get('NRestarts') ?? 0);
  if (restarts > 0) return warn(name, `${state}, restarted ${restarts} times`, journal);
  return judgePid(patient, state, Number(shown.get('MainPID')));
}

function judgePid({ facts }: Patient, state: string, mainPid: number): Check {
  const pid = facts?.status().pid;
  if (pid === mainPid) return good(name, state);
  return warn(name, `${state} as process ${mainPid}, but process ${pid} answers`);
}
