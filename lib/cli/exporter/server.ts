/** The HTTP side of an exporter: what may be asked for, by whom, and for how long. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { textOf } from '../../metrics/expose.js';
import type { MetricFamily } from '../../metrics/families.js';

const compressed = promisify<Buffer, Buffer>(gzip);

export interface MetricsServerOptions {
  /** What is told. */
  read: () => Promise<MetricFamily[]>;
  /** Is told what nobody else is. */
  complain: (message: string) => void;
}

/** Milliseconds from one look for connections that are too slow to the next: between scrapes nothing else is done. */
const CHECKING = 5000;
/** Bytes; those who scrape send a few hundred. */
const MOST_HEADERS = 8192;
/** Milliseconds that a request may take to come. */
const LONGEST_REQUEST = 5000;
/** Milliseconds that a connection may be without anything going either way, and one without a request in it. */
const LONGEST_SILENCE = 20_000;
const LONGEST_PAUSE = 90_000;
/** More connections at a time are closed: Prometheus needs one. */
const MOST_CONNECTIONS = 256;
/** Milliseconds that answers have, which are being given when the end comes. */
const LAST_WORDS = 3000;

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';
const PLAIN = 'text/plain; charset=utf-8';

/** What is answered. */
interface Answer {
  status: number;
  type: string;
  body: string;
  headers?: Readonly<Record<string, string>>;
}

const plain = (status: number, body: string): Answer => ({ status, type: PLAIN, body: `${body}\n` });

const NOT_ALLOWED: Answer = {
  ...plain(405, 'only GET and HEAD are answered'),
  headers: { Allow: 'GET, HEAD' },
};

export class MetricsServer {
  readonly #server: Server;
  readonly #read: MetricsServerOptions['read'];
  readonly #complain: MetricsServerOptions['complain'];

  constructor({ read, complain }: MetricsServerOptions) {
    this.#read = read;
    this.#complain = complain;
    this.#server = createServer(
      {
        maxHeaderSize: MOST_HEADERS,
        headersTimeout: LONGEST_REQUEST,
        requestTimeout: LONGEST_REQUEST,
        keepAliveTimeout: LONGEST_PAUSE,
        connectionsCheckingInterval: CHECKING,
      },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.timeout = LONGEST_SILENCE;
  }

  /** Its URL, when it listens. @throws what the system has against it. */
  async listen(address: string, port: number): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, address, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    const own = this.#server.address() as AddressInfo;
    const host = own.family === 'IPv6' ? `[${own.address}]` : own.address;
    return `http://${host}:${own.port}/metrics`;
  }

  /** Ends when all is answered that is being answered, or when that takes too long. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeIdleConnections();
    const limit = setTimeout(() => this.#server.closeAllConnections(), LAST_WORDS);
    await closed;
    clearTimeout(limit);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // What comes with it is of no interest.
    request.resume();
    try {
      await this.#give(request, response, await this.#find(request));
    } catch (error) {
      this.#complain((error as Error).message);
      if (response.headersSent) response.destroy();
      else
        await this.#give(request, response, plain(500, (error as Error).message)).catch(
          () => response.destroy(), // untested: of clients that are gone at that moment
        );
    }
  }

  async #find({ method, url = '', headers }: IncomingMessage): Promise<Answer> {
    const path = url.replace(/[?#].*/s, '');
    if (method !== 'GET' && method !== 'HEAD') return NOT_ALLOWED;
    if (path === '/-/healthy') return plain(200, 'healthy');
    if (path === '/') return plain(200, 'sockdiag exporter: see /metrics and /-/healthy');
    if (path !== '/metrics') return plain(404, 'there is nothing here: see /metrics and /-/healthy');
    const isOpen = headers.accept?.includes('application/openmetrics-text') === true;
    const type = isOpen ? OPENMETRICS : PROMETHEUS;
    if (method === 'HEAD') return { status: 200, type, body: '' };
    return { status: 200, type, body: textOf(await this.#read(), isOpen ? 'openmetrics' : 'prometheus') };
  }

  async #give(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
    const { status, type, body, headers } = answer;
    const isPacked = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? '')) && body.length > MTU;
    const bytes = isPacked ? await compressed(Buffer.from(body)) : Buffer.from(body);
    const isHead = request.method === 'HEAD';
    // What is not read to its end by us cannot be followed by another request.
    const isOver = status === 405 || !this.#server.listening;
    response.writeHead(status, {
      'Content-Type': type,
      ...(isHead ? {} : { 'Content-Length': bytes.length }),
      'X-Content-Type-Options': 'nosniff',
      Vary: 'Accept, Accept-Encoding',
      ...(isPacked && { 'Content-Encoding': 'gzip' }),
      ...(isOver && { Connection: 'close' }),
      ...headers,
    });
    response.end(isHead ? undefined : bytes);
  }
}

/** What fits into one packet is not made smaller. */
const MTU = 1400;
