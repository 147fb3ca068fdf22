/** Terms of ports, which may name a family: `sport = 443`, `dport >= inet6:1024`. */
import { conjunction } from './combine.js';
import { type ForeignFamily, readForeignPort } from './hosts.js';
import type { Operand } from './operand.js';
import { readPort } from './ports.js';
import type { Comparison, End, Equality, Expression, Host, HostPattern } from './tree.js';

/**
 * A term, or two where a family is named: a port of another family is not unequal, it is none. Ports of other families
 * than IP's are parts of their hosts, and so they can only be equal or not.
 */
export function readPortTerm(operand: Operand, end: End, comparison: Comparison): Expression {
  const [, family] = operand.text.match(/^(unix|link|netlink|vsock|inet6?):/) ?? [];
  if (family === undefined) return portTerm(withoutColon(operand), end, comparison);
  const number = withoutColon(operand.slice(family.length + 1));
  if (family === 'unix') operand.fail('a port, of which unix sockets have none');
  if (family === 'inet' || family === 'inet6') {
    return conjunction([hostTerm(end, '=', { family }), portTerm(number, end, comparison)]);
  }
  if (comparison !== '=' && comparison !== '!=')
    operand.fail('a port of IP, or = or != in front of this one');
  const any = hostTerm(end, '=', { family: family as ForeignFamily });
  const term = hostTerm(end, comparison, readForeignPort(family as ForeignFamily, number));
  return comparison === '=' ? term : conjunction([any, term]);
}

/** `:443` and `*:443` are 443. */
function withoutColon(operand: Operand): Operand {
  return operand.slice(operand.text.match(/^\*?:/)?.[0].length ?? 0);
}

function portTerm(operand: Operand, end: End, comparison: Comparison): Expression {
  const port = readPort(operand);
  return { kind: 'port', end, comparison, ...(port !== undefined && { port }) };
}

function hostTerm(end: End, equality: Equality, host: HostPattern): Host {
  return { kind: 'host', end, equality, host };
}
