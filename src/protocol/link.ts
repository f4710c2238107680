/**
 * The link: what a gateway and a Python worker say to each other over stream sockets that the worker
 * dials. Length-prefixed binary frames, little endian, the same in `src/python/tsgun_python/frames.py`
 * and held together by `test/fixtures/link-vectors.json`.
 *
 * ```
 *  0  u8   magic 0x75: foreign bytes are noticed at once
 *  1  u8   type
 *  2  u16  flags
 *  4  u32  stream: the gateway's number for a request; 0 is the connection itself
 *  8  u32  length of the payload
 * 12  u32  code: what it means is told at each type
 * ```
 *
 * Every worker has one `main` connection. A worker of blocking threads has one `lane` beside it for
 * each thread, which carries one request at a time, so that its end means that just this request
 * died; the main connection then carries only `rest` and `idle`. A worker with a loop (asgi, gevent,
 * eventlet) carries all its requests on the main connection, each a stream with a credit of its own.
 */
export const frameHeaderSize = 16;
export const frameMagic = 0x75;
export const linkVersion = 1;

/** Payload of a frame with a body part; a longer body is several frames. */
export const mostBodyBytes = 256 * 1024;
/** Payload of any frame. */
export const mostFrameBytes = 2 * 1024 * 1024;
/** Body bytes that each side may send on a new stream of a main connection before it hears `credit`. */
export const initialCredit = 256 * 1024;

export const frameTypes = {
  // The connection itself (stream 0).
  /** Worker, first of all: a `Hello` as JSON. */
  hello: 1,
  /** Gateway: the worker is known. `code` is `linkVersion`. */
  welcome: 2,
  /** Worker, main connection: code 1 begin nothing new here, 0 take it back. */
  rest: 3,
  /** Gateway, main connection: the worker rests, and nothing is under way on it. */
  idle: 4,

  // Gateway to worker.
  /** `code` bytes of head, then body. `end`: that was all of the body. */
  request: 16,
  /** `end`: the last. */
  body: 17,
  /** The client has gone (code 1), or the request is out of time (2). The worker still ends the stream. */
  cancel: 18,
  /** Answer to `file`: code 1 it is sent by the gateway, 0 send it yourself. */
  fileTaken: 19,

  // Both.
  /** `code` more bytes of body may be sent on this stream. Main connection only. */
  credit: 24,
  /** A part of a message; `end` its last part, `text` in every part of one that is text. */
  wsMessage: 25,
  /** `code` is the close code, the payload the reason in UTF-8. */
  wsClose: 26,

  // Worker to gateway.
  /** `code` bytes of head, then body. `end`: the answer is complete. */
  response: 32,
  /** More of the answer; `end` its last part. */
  data: 33,
  /** An interim answer (1xx): only a head. */
  inform: 34,
  /** Trailer fields as in a head, without a status; ends the answer. */
  trailers: 35,
  /** The rest of the answer is a file: `code` its descriptor, payload u64 offset and u64 length. */
  file: 36,
  /** The answer breaks off here: the client has to notice. */
  abort: 37,
  /** Not begun: give it to another worker. */
  reject: 38,
  /** The app accepts the WebSocket: a head whose first line is the subprotocol, or empty. */
  wsAccept: 39,
} as const;

export const frameFlags = {
  end: 1,
  text: 2,
  /** Of `request`: it is the handshake of a WebSocket. */
  webSocket: 4,
} as const;

/** What a worker says of itself on each connection. */
export interface Hello {
  version: number;
  token: string;
  /** The arbiter's number for this child. */
  child: number;
  slot: number;
  pid: number;
  generation: number;
  connection: 'main' | 'lane';
  interface: 'wsgi' | 'asgi';
  /** Streams on a main connection; 0 where there are lanes. */
  capacity: number;
}

// Heads are latin-1 text, fields separated by a line feed, which no header can contain.
//
// request, WSGI    key, value, key, value ...: items of the environ beyond those that never change.
//                  PATH_INFO is still percent-encoded.
// request, ASGI    method, target as it was sent, http version (`1.1`), scheme, client host, client
//                  port, server host, server port, then name, value, name, value ... (lower case).
//                  Host and port of a Unix socket are empty.
// response,        status, a space and the reason phrase (which may be empty), then name, value,
// inform           name, value ... as the app gave them, checked by the worker.
