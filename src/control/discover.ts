import { type ErrorCode, errorCodes, explainError, TsgunError } from '../core/errors.ts';
import type { JsonSchema } from '../core/shape.ts';
import type { Method } from '../protocol/control/method.ts';
import { methodNames, methodOf } from '../protocol/control/methods.ts';
import { notifications } from '../protocol/control/notifications.ts';

/** Failures of tsgunctl itself: nothing on the socket answers with them. */
const ofTheClient: readonly ErrorCode[] = ['TSGUN_E_NOT_RUNNING', 'TSGUN_E_LOST'];
/** Of methods that the control server answers alone. */
const ofTheServer: readonly ErrorCode[] = ['TSGUN_E_USAGE', 'TSGUN_E_DENIED', 'TSGUN_E_BUSY'];

const sent = errorCodes.filter((code) => !ofTheClient.includes(code));

/** All methods as an OpenRPC 1.3.2 document. */
export const describeMethods = (version: string) => ({
  openrpc: '1.3.2',
  info: {
    title: 'tsgun control socket',
    description:
      'JSON-RPC 2.0 over a Unix stream socket, one JSON text per line. What a caller may do is decided by its uid and groups.',
    version,
    license: { name: 'MIT' },
  },
  methods: methodNames.map((name) => describeMethod(name, methodOf(name))),
  'x-notifications': Object.entries(notifications).map(([name, { json }]) => ({
    name,
    paramStructure: 'by-name',
    params: json,
  })),
  components: { errors: Object.fromEntries(sent.map((code) => [code, describeError(code)])) },
});

const describeMethod = (
  name: string,
  { summary, description, params, result, role, kind }: Method,
) => ({
  name,
  summary,
  ...(description !== undefined && { description }),
  paramStructure: 'either',
  params: Object.entries(params).map(([param, { summary, required, schema }]) =>
    describeContent(param, { summary, required, schema: schema.json }),
  ),
  result: describeContent(`${name} result`, { schema: result.json }),
  errors: (kind === 'connection' ? ofTheServer : sent).map((code) => ({
    $ref: `#/components/errors/${code}`,
  })),
  'x-role': role,
  'x-kind': kind,
});

const describeContent = (
  name: string,
  more: { summary?: string; required?: boolean; schema: JsonSchema },
) => ({ name, ...more });

const describeError = (code: ErrorCode) => ({
  code: new TsgunError(code, '').rpcCode,
  message: explainError(code),
  data: { code },
});
