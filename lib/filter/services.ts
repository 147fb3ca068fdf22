/** What /etc/services says: ports by names, and names by ports; and /etc/protocols, names of IP protocols. */
import { readFileSync } from 'node:fs';

interface Service {
  name: string;
  aliases: readonly string[];
  port: number;
  protocol: string;
}

let text: string | undefined;
let ports: ReadonlyMap<string, number> | undefined;
let names: ReadonlyMap<string, string> | undefined;
let protocols: ReadonlyMap<number, string> | undefined;

/**
 * The port of a service, by its name or an alias, letters as they are. Where protocols differ in it, TCP's counts, as
 * for `ss`, and without one the first that the file has. It is read once; without the file there are no names.
 */
export function servicePort(name: string): number | undefined {
  ports ??= parseServices(readServices());
  return ports.get(name);
}

/** The name of a service, by its port and protocol; the first that the file has. */
export function serviceName(port: number, protocol: string): string | undefined {
  names ??= namesOf(readServices());
  return names.get(`${port}/${protocol}`);
}

/** The name of an IP protocol, by its number; the first that the file has. */
export function protocolName(number: number): string | undefined {
  protocols ??= protocolsIn(contentOf('/etc/protocols'));
  return protocols.get(number);
}

function readServices(): string {
  text ??= contentOf('/etc/services');
  return text;
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // untested: where nobody has installed it
    return '';
  }
}

/** Lines of a name and a number; # begins a comment. */
function protocolsIn(content: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const line of content.split('\n')) {
    const [, name, digits] = /^([^\s#]+)\s+(\d+)(?:\s|#|$)/.exec(line) ?? [];
    if (name !== undefined && !found.has(Number(digits))) found.set(Number(digits), name);
  }
  return found;
}

export function parseServices(content: string): ReadonlyMap<string, number> {
  const tcp = new Map<string, number>();
  const others = new Map<string, number>();
  for (const { name, aliases, port, protocol } of servicesIn(content)) {
    const into = protocol === 'tcp' ? tcp : others;
    for (const each of [name, ...aliases]) if (!into.has(each)) into.set(each, port);
  }
  return new Map([...others, ...tcp]);
}

function namesOf(content: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { name, port, protocol } of servicesIn(content)) {
    const key = `${port}/${protocol}`;
    if (!found.has(key)) found.set(key, name);
  }
  return found;
}

/** Lines of a name, a port and a protocol with a slash between them, and aliases; # begins a comment. */
function* servicesIn(content: string): Generator<Service> {
  for (const line of content.split('\n')) {
    const [name, port, ...aliases] = line.replace(/#.*/, '').split(/\s+/);
    const [, digits, protocol = ''] = port?.match(/^(\d{1,5})\/(\S+)$/) ?? [];
    if (!name || digits === undefined || Number(digits) > 0xffff) continue;
    yield { name, aliases: aliases.filter((alias) => alias !== ''), port: Number(digits), protocol };
  }
}
