import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeMethods } from '../../../src/control/discover.ts';
import { methodNames, methodOf } from '../../../src/protocol/control/methods.ts';
import { notifications } from '../../../src/protocol/control/notifications.ts';
import type { Json } from '../../helpers/control-server.ts';

const document: Json = JSON.parse(JSON.stringify(describeMethods('1.2.3')));

const isSchema = (schema: Json): boolean =>
  typeof schema === 'object' && schema !== null && !Array.isArray(schema);

/** What the OpenRPC specification asks of the objects that we use. */
function checkContent(content: Json, where: string): void {
  assert.equal(typeof content.name, 'string', where);
  assert.ok(isSchema(content.schema), where);
  if ('required' in content) assert.equal(typeof content.required, 'boolean', where);
  const allowed = ['name', 'summary', 'description', 'required', 'schema', 'deprecated'];
  assert.deepEqual(
    Object.keys(content).filter((key) => !allowed.includes(key)),
    [],
    where,
  );
}

test('the document is OpenRPC 1.3.2', () => {
  assert.equal(document.openrpc, '1.3.2');
  assert.equal(typeof document.info.title, 'string');
  assert.equal(document.info.version, '1.2.3');
  const allowed = ['openrpc', 'info', 'servers', 'methods', 'components', 'externalDocs'];
  assert.ok(Object.keys(document).every((key) => allowed.includes(key) || key.startsWith('x-')));
});

test('it has the methods of the table, with their roles and kinds', () => {
  assert.deepEqual(
    document.methods.map(({ name }: Json) => name),
    methodNames,
  );
  for (const method of document.methods) {
    const { role, kind, params } = methodOf(method.name);
    assert.deepEqual([method['x-role'], method['x-kind']], [role, kind]);
    assert.deepEqual(
      method.params.map(({ name }: Json) => name),
      Object.keys(params),
    );
    assert.equal(method.paramStructure, 'either');
    for (const param of method.params) checkContent(param, method.name);
    checkContent(method.result, method.name);
  }
});

test('every error is in the components, once, with a code of its own', () => {
  const { errors } = document.components;
  for (const { errors: referred } of document.methods) {
    assert.ok(referred.length > 0);
    for (const { $ref } of referred) {
      const error = errors[$ref.replace('#/components/errors/', '')];
      assert.ok(Number.isInteger(error?.code) && typeof error.message === 'string', $ref);
    }
  }
  const codes = Object.values<Json>(errors).map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
});

test('notifications are described too', () => {
  const described = document['x-notifications'];
  assert.deepEqual(
    described.map(({ name }: Json) => name),
    Object.keys(notifications),
  );
  for (const { params } of described) assert.ok(isSchema(params));
});
