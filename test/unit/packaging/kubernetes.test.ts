import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Deployment } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { Service } from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';
import { readLine } from '../../../ctl/command-line/read-line.ts';
import { parseCommandLine } from '../../../src/cli/program.ts';
import { resolveSettings } from '../../../src/settings/resolve.ts';
import { containerfile, lastOf } from '../../helpers/container.ts';
import { root } from '../../helpers/start-tsgun.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const folder = path.join(root, 'packaging/kubernetes');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const manifests = files.filter((name) => name !== 'kustomization.yaml');

function parse(name: string) {
  const [document, ...more] = parseAllDocuments(readFileSync(path.join(folder, name), 'utf8'), {
    strict: true,
    uniqueKeys: true,
  });
  assert.ok(document && 'errors' in document, `${name} is empty`);
  assert.deepEqual([...document.errors, ...document.warnings, ...more], [], name);
  return document.toJS();
}

const deployment = new Deployment(parse('deployment.yaml'));
const service = new Service(parse('service.yaml'));
const autoscaler = new HorizontalPodAutoscaler(parse('horizontal-pod-autoscaler.yaml'));
const budget = new PodDisruptionBudget(parse('pod-disruption-budget.yaml'));

const pod = deployment.spec?.template.spec;
const [container] = pod?.containers ?? [];
assert.ok(pod && container);

const models = {
  'deployment.yaml': { model: deployment, type: 'apps/v1', name: 'IDeployment' },
  'service.yaml': { model: service, type: 'v1', name: 'IService' },
  'horizontal-pod-autoscaler.yaml': {
    model: autoscaler,
    type: 'autoscaling/v2',
    name: 'IHorizontalPodAutoscaler',
  },
  'pod-disruption-budget.yaml': { model: budget, type: 'policy/v1', name: 'IPodDisruptionBudget' },
};

test('every manifest is valid for its kind, and of no other', () => {
  assert.deepEqual(Object.keys(models).toSorted(), manifests);
  for (const [name, { model, type }] of Object.entries(models)) {
    assert.doesNotThrow(() => model.validate(), name);
    assert.equal(parse(name).apiVersion, type);
    assert.equal(parse(name).kind, model.constructor.name);
  }
});

test('the validators refuse what is wrong', () => {
  const wrong = structuredClone(parse('deployment.yaml'));
  wrong.spec.template.spec.containers[0].ports[0].containerPort = 'http';
  assert.throws(() => new Deployment(wrong).validate(), /containerPort must be integer/);
});

/** The validators let unknown fields pass; the types, of a literal, do not. */
function checkTypes(dir: string, values: Readonly<Record<string, unknown>>): string {
  const sources = Object.entries(models).map(([file, { type, name }]) => {
    const value = JSON.stringify(values[file], null, 1);
    return `import type { ${name} } from 'kubernetes-models/${type}';\nexport const ${name}Of: ${name} = ${value};\n`;
  });
  writeFiles(dir, { 'package.json': '{"type":"module"}', 'manifests.ts': sources.join('\n') });
  symlinkSync(path.join(root, 'node_modules'), path.join(dir, 'node_modules'));
  const flags = '--noEmit --strict --skipLibCheck --module nodenext --target es2024 --types node';
  try {
    const tsc = path.join(root, 'node_modules/.bin/tsc');
    return execFileSync(process.execPath, [tsc, ...flags.split(' '), 'manifests.ts'], {
      cwd: dir,
      encoding: 'utf8',
    });
  } catch (error) {
    return String((error as { stdout?: string }).stdout);
  }
}

const all = () => Object.fromEntries(manifests.map((name) => [name, parse(name)]));

test('no manifest has a field that the API does not know', (t) => {
  assert.equal(checkTypes(makeTempDir(t), all()), '');
  const wrong = all();
  wrong['deployment.yaml'].spec.template.spec.containers[0].readynessProbe = {};
  assert.match(checkTypes(makeTempDir(t), wrong), /readynessProbe\W+ does not exist in type/);
});

test('everything that has to match does', () => {
  const labels = deployment.spec?.template.metadata?.labels ?? {};
  const isOurs = (selector: Record<string, string> | undefined) => {
    assert.ok(selector && Object.keys(selector).length > 0);
    for (const [key, value] of Object.entries(selector)) assert.equal(labels[key], value);
  };
  isOurs(deployment.spec?.selector.matchLabels);
  isOurs(service.spec?.selector);
  isOurs(budget.spec?.selector?.matchLabels);
  for (const { labelSelector } of pod.topologySpreadConstraints ?? []) {
    isOurs(labelSelector?.matchLabels);
  }
  const { apiVersion, kind, name } = autoscaler.spec?.scaleTargetRef ?? {};
  assert.deepEqual([apiVersion, kind, name], ['apps/v1', 'Deployment', deployment.metadata?.name]);
  assert.equal(deployment.spec?.replicas, undefined, 'is for the autoscaler');
  assert.ok(container.resources?.requests?.['cpu'], 'the autoscaler counts parts of it');
  const ports = container.ports?.map((port) => port.name);
  assert.deepEqual(
    service.spec?.ports?.map((port) => port.targetPort),
    ports,
  );
  for (const probe of [container.startupProbe, container.readinessProbe]) {
    assert.ok(ports?.includes(String(probe?.httpGet?.port)));
  }
  const volumes = pod.volumes?.map((volume) => volume.name);
  assert.deepEqual(
    container.volumeMounts?.map((mount) => mount.name),
    volumes,
  );
});

const line = parseCommandLine(container.args ?? [], '0.0.0');
assert.ok(line.kind === 'settings');
const { settings, problems } = resolveSettings([line.given]);

test('the arguments are understood by tsgun', () => {
  assert.deepEqual(problems, []);
  assert.equal(settings.app, '.');
  const [port] = container.ports ?? [];
  assert.deepEqual(settings.bind, [`0.0.0.0:${port?.containerPort}`]);
  assert.equal(settings.accesslog, '-');
});

test('a pod is not killed before its requests are finished', () => {
  const [program, seconds] = container.lifecycle?.preStop?.exec?.command ?? [];
  assert.equal(program, 'sleep');
  const grace = pod.terminationGracePeriodSeconds ?? 30;
  assert.ok(grace > settings.gracefulTimeout + Number(seconds) + 5, String(grace));
  const rolling = deployment.spec?.strategy?.rollingUpdate;
  assert.equal(rolling?.maxUnavailable, 0);
});

test('a pod has the time to boot that a worker has', () => {
  const { periodSeconds = 10, failureThreshold = 3 } = container.startupProbe ?? {};
  assert.ok(periodSeconds * failureThreshold > settings.bootTimeout);
});

test('a worker is replaced for its memory before the pod is killed', () => {
  const limit = /^(\d+)Mi$/.exec(String(container.resources?.limits?.['memory']))?.[1];
  const others = 3 * 64 * 2 ** 20;
  assert.ok(settings.maxMemory > 0);
  const workers = Number(settings.workers) * settings.maxMemory;
  assert.ok(workers + others <= Number(limit) * 2 ** 20);
});

test('liveness asks the arbiter, within its time', () => {
  const [program, ...words] = container.livenessProbe?.exec?.command ?? [];
  assert.equal(program, 'tsgunctl');
  const asked = readLine(words);
  assert.equal(asked.kind, 'line');
  assert.match(words.join(' '), /^--timeout 8s ping$/);
  assert.ok((container.livenessProbe?.timeoutSeconds ?? 1) > 8);
});

test('a pod has no more rights than the standard "restricted" allows', () => {
  const { securityContext: own } = container;
  assert.equal(own?.allowPrivilegeEscalation, false);
  assert.equal(own?.readOnlyRootFilesystem, true);
  assert.deepEqual(own?.capabilities, { drop: ['ALL'] });
  const { securityContext: shared } = pod;
  assert.equal(shared?.runAsNonRoot, true);
  assert.equal(shared?.seccompProfile?.type, 'RuntimeDefault');
  assert.equal(pod.automountServiceAccountToken, false);
});

test('the pod fits the image: its user, its folders, its port', () => {
  const { runAsUser, runAsGroup, fsGroup } = pod.securityContext ?? {};
  assert.equal(`${runAsUser}:${runAsGroup}`, lastOf('USER'));
  assert.equal(fsGroup, runAsGroup);
  assert.equal(lastOf('EXPOSE'), String(container.ports?.[0]?.containerPort));
  const folders = container.volumeMounts?.map((mount) => mount.mountPath);
  assert.deepEqual(folders, ['/run/tsgun', '/tmp']);
  const environment = containerfile.filter(({ word }) => word === 'ENV').map(({ rest }) => rest);
  assert.match(environment.join(' '), /\bTSGUN_RUN_DIR=\/run\/tsgun\b/);
});

test('the kustomization has every manifest, and the image by its name', () => {
  const kustomization = parse('kustomization.yaml');
  assert.equal(kustomization.apiVersion, 'kustomize.config.k8s.io/v1beta1');
  assert.equal(kustomization.kind, 'Kustomization');
  assert.deepEqual(kustomization.resources, manifests);
  const [{ name, newTag }] = kustomization.images;
  assert.equal(container.image, `${name}:${newTag}`);
});
