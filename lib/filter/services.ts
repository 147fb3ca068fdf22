/** Ports by the names of /etc/services. */
import { readFileSync } from 'node:fs';

let ports: ReadonlyMap<string, number> | undefined;

/**
 * The port of a service, by its name or an alias, letters as they are. Where protocols differ in it, TCP's counts, as
 * for `ss`, and without one the first that the file has. It is read once; without the file there are no names.
 */
export function servicePort(name: string): number | undefined {
  ports ??= parseServices(readServices());
  return ports.get(name);
}

function readServices(): string {
  try {
    return readFileSync('/etc/services', 'utf8');
  } catch {
    return '';
  }
}

/** Lines of a name, a port and a protocol with a slash between them, and aliases; # begins a comment. */
export function parseServices(text: string): ReadonlyMap<string, number> {
  const tcp = new Map<string, number>();
  const others = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name, port, ...aliases] = line.replace(/#.*/, '').split(/\s+/);
    const [, digits, protocol] = port?.match(/^(\d{1,5})\/(\S+)$/) ?? [];
    if (!name || digits === undefined || Number(digits) > 0xffff) continue;
    const into = protocol === 'tcp' ? tcp : others;
    for (const each of [name, ...aliases]) {
      if (each !== '' && !into.has(each)) into.set(each, Number(digits));
    }
  }
  return new Map([...others, ...tcp]);
}
