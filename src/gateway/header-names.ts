/** A header name in the spellings that are needed again and again. */
export interface HeaderName {
  lower: string;
  /** Of the environ: RFC 3875, 4.1.18. */
  key: string;
  hasUnderscore: boolean;
  /** Whatever reads it twice could read it differently than we do. */
  isSingle: boolean;
  /** It says nothing about the connection or the framing. */
  isPlain: boolean;
  /** Of the last look at a request that met it: a way to find doubles that costs nothing. */
  mark: number;
}

/** Whoever makes names up does not fill our memory. */
const mostNames = 2000;

const known = new Map<string, HeaderName>();
let lastMark = 0;

export function headerName(name: string): HeaderName {
  const found = known.get(name);
  if (found) return found;
  const lower = name.toLowerCase();
  const made = known.get(lower) ?? make(lower);
  known.set(lower, made);
  known.set(name, made);
  return made;
}

/** For one look at the fields of a request. */
export function nextMark(): number {
  if (known.size > mostNames) known.clear();
  lastMark += 1;
  return lastMark;
}

/** Names of proxies' scheme headers are the operator's choice, but none of these is one. */
const telling =
  /^(?!(?:host|user-agent|accept|accept-.*|cookie|referer|cache-control|content-type|origin|authorization|if-.*|range|pragma|upgrade-insecure-requests|sec-.*)$)/;

function make(lower: string): HeaderName {
  const upper = lower.toUpperCase().replaceAll('-', '_');
  const isBare = upper === 'CONTENT_TYPE' || upper === 'CONTENT_LENGTH';
  return {
    lower,
    key: isBare ? upper : `HTTP_${upper}`,
    hasUnderscore: lower.includes('_'),
    isSingle: lower === 'host' || lower === 'content-type',
    isPlain: !telling.test(lower),
    mark: 0,
  };
}
