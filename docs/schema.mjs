/**
 * Writes docs/records.schema.json, a JSON schema of the lines of `sockdiag --json` and of all other records written as
 * it writes them, from the types and docstrings of lib, which the compiler reads.
 *
 *   node docs/schema.mjs          writes it
 *   node docs/schema.mjs --check  fails if it is not what would be written
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {
  isAsExpression,
  isCallExpression,
  isIdentifier,
  isTemplateExpression,
} from 'typescript/unstable/ast/is';
import { API, SignatureKind, SymbolFlags, TypeFlags } from 'typescript/unstable/sync';

/** @typedef {import('typescript/unstable/sync').Type} Type */
/** @typedef {import('typescript/unstable/sync').Symbol} Symbol */
/** @typedef {import('typescript/unstable/ast').Node} Node */
/** @typedef {Record<string, unknown>} Schema */

const ROOT = path.join(import.meta.dirname, '..');
const LIB = path.join(ROOT, 'lib/');
const FILE = path.join(ROOT, 'docs/records.schema.json');
const BIOME = path.join(ROOT, 'node_modules/.bin/biome');

const DESCRIPTION =
  'A line of what `sockdiag --json` prints, and any other record of this library written likewise: bytes as ' +
  'hexadecimal text, and `Infinity` as null. Generated from the docstrings by docs/schema.mjs. What is not `required` ' +
  'is absent where the kernel did not send it, or where nobody asked for it.';

/** What is not a whole number, or may not be. */
const FRACTIONS = ['PfKeyMsg.stamp'];

/** What gives a name for a number, and what it gives for a number without one. */
const NAMERS = new Map([
  ['nameOf', 'unknown'],
  ['typeName', 'unknown'],
  ['stateName', 'UNKNOWN'],
]);

const api = new API({ cwd: ROOT });
const [project] = api.updateSnapshot({ openProject: path.join(ROOT, 'tsconfig.json') }).getProjects();
if (project === undefined) throw new Error('the compiler does not open tsconfig.json');
const { checker, program } = project;

/** @type {Map<string, Schema>} what has a name, in the order in which it is met */
const definitions = new Map();
/** @type {Map<string, number>} which symbol each name means */
const meanings = new Map();
const fractions = new Set();
const openings = findOpenings();

/** @returns {Schema} */
function schema() {
  const records = [
    ...union(declared('index.ts', 'DiagMsg')),
    ...dumped('proc/index.ts'),
    ...union(declared('index.ts', 'DestroyedEvent')),
  ];
  const oneOf = records.map((record) => schemaOf(record));
  const stale = FRACTIONS.filter((name) => !fractions.has(name));
  if (stale.length > 0) throw new Error(`docs/schema.mjs: nothing is called ${stale.join(', ')}`);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A record of sockdiag',
    description: DESCRIPTION,
    oneOf,
    $defs: Object.fromEntries(definitions),
  };
}

/** @param {string} file @returns {readonly Symbol[]} what a module exports */
function exportsOf(file) {
  const source = program.getSourceFile(LIB + file);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`the compiler does not know lib/${file}`);
  return checker
    .getExportsOfModule(module)
    .map((symbol) => (symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));
}

/** @param {string} file @param {string} name */
function declared(file, name) {
  const symbol = exportsOf(file).find((one) => one.name === name);
  if (symbol === undefined) throw new Error(`lib/${file} exports no ${name}`);
  return checker.getDeclaredTypeOfSymbol(symbol);
}

/** @param {string} file @returns {Type[]} the records of all dumps that a module has */
function dumped(file) {
  const functions = exportsOf(file).filter(({ flags }) => flags & SymbolFlags.Function);
  return functions.flatMap((symbol) => {
    const signatures = checker.getSignaturesOfType(typeOf(symbol), SignatureKind.Call);
    return signatures.flatMap((signature) => {
      const dump = checker.getReturnTypeOfSignature(signature);
      if (!dump?.isTypeReference()) throw new Error(`${symbol.name} of lib/${file} gives no Dump`);
      return [...checker.getTypeArguments(dump)].slice(0, 1);
    });
  });
}

/** @param {Symbol} symbol @returns {Type} */
function typeOf(symbol) {
  const type = checker.getTypeOfSymbol(symbol);
  if (type === undefined) throw new Error(`${symbol.name} has no type`);
  return type;
}

/** @param {Type} type @returns {readonly Type[]} */
function union(type) {
  return (type.isUnionType() && type.getTypes()) || [type];
}

/**
 * Of a type with a name of its own, a reference to it.
 *
 * @param {Type} type
 * @returns {Schema}
 */
function schemaOf(type) {
  const alias = type.aliasTypeArguments?.length ? undefined : type.getAliasSymbol();
  const symbol = alias ?? type.getSymbol();
  if (symbol?.name === 'Uint8Array') {
    definitions.set('Bytes', {
      description: 'Bytes, as hexadecimal text.',
      type: 'string',
      pattern: '^([0-9a-f]{2})*$',
    });
    return { $ref: '#/$defs/Bytes' };
  }
  if (checker.isArrayType(type)) {
    const [element] = checker.getTypeArguments(/** @type {any} */ (type));
    return { type: 'array', items: schemaOf(/** @type {Type} */ (element)) };
  }
  const isInterface = symbol !== undefined && (symbol.flags & SymbolFlags.Interface) !== 0;
  if (symbol === undefined || (alias === undefined && !isInterface)) return bodyOf(type, '');
  const { name } = symbol;
  if ((meanings.get(name) ?? symbol.id) !== symbol.id) throw new Error(`two types are called ${name}`);
  if (!meanings.has(name)) {
    meanings.set(name, symbol.id);
    // Its place is before those of what it refers to.
    definitions.set(name, {});
    definitions.set(name, { ...described(symbol), ...bodyOf(type, name) });
  }
  return { $ref: `#/$defs/${name}` };
}

/**
 * @param {Type} type
 * @param {string} name of the type; empty where it has none
 * @returns {Schema}
 */
function bodyOf(type, name) {
  if (type.flags & TypeFlags.Boolean) return { type: 'boolean' };
  if (type.flags & TypeFlags.String) return { type: 'string' };
  if (type.flags & TypeFlags.Number) return { type: 'integer' };
  const texts = literals(type);
  if (texts !== undefined) return named(texts);
  if (type.isLiteralType()) return { const: type.value };
  if (type.isUnionType()) return { oneOf: union(type).map(schemaOf) };
  if (type.flags & (TypeFlags.Object | TypeFlags.Intersection)) return objectOf(type, name);
  throw new Error(`docs/schema.mjs knows nothing of ${name} ${checker.typeToString(type)}`);
}

/**
 * @param {Type} type
 * @param {string} name of the type
 * @returns {Schema}
 */
function objectOf(type, name) {
  const [index] = checker.getIndexInfosOfType(type);
  if (index !== undefined)
    return {
      type: 'object',
      patternProperties: { '^[0-9]+$': schemaOf(index.valueType) },
      additionalProperties: false,
    };
  const members = checker
    .getPropertiesOfType(type)
    // What is declared to be absent.
    .filter((member) => !(presentOf(member).flags & TypeFlags.Never));
  const all = members.map((member) => member.name);
  const properties = members.map((member) => [member.name, propertyOf(member, name, all)]);
  const required = members.filter(({ flags }) => !(flags & SymbolFlags.Optional));
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required: required.map((member) => member.name) }),
    additionalProperties: false,
  };
}

/** @param {Symbol} member @returns {Type} what it is where it is not absent */
function presentOf(member) {
  const type = typeOf(member);
  return checker.getNonNullableType(type) ?? type;
}

/**
 * @param {Symbol} member
 * @param {string} owner
 * @param {string[]} all members of its owner
 * @returns {Schema}
 */
function propertyOf(member, owner, all) {
  const description = described(member);
  const value = schemaOf(presentOf(member));
  if (value['type'] === 'integer') {
    if (FRACTIONS.includes(`${owner}.${member.name}`)) {
      fractions.add(`${owner}.${member.name}`);
      value['type'] = 'number';
    }
    if (description.description?.includes('`Infinity`')) value['type'] = [value['type'], 'null'];
  }
  if (tellsApart(member, all)) return { ...description, ...closed(literals(presentOf(member)) ?? []) };
  return { ...description, ...value };
}

/**
 * By the family and the protocol records are told apart, and so these are no others: those of IP are of the one family or
 * the other, though inside of records there are addresses of more.
 *
 * @param {Symbol} member
 * @param {string[]} all members of its owner
 */
function tellsApart(member, all) {
  if (member.name !== 'family' && member.name !== 'protocol') return false;
  const type = presentOf(member);
  const isOfIp = all.includes('protocol') && type.getAliasSymbol()?.name === 'InetFamily';
  return isOfIp || type.isStringLiteralType();
}

/** @param {Type} type @returns {string[] | undefined} if it is nothing but texts: these, sorted */
function literals(type) {
  const parts = union(type);
  const values = parts.flatMap((part) => (part.isStringLiteralType() ? [String(part.value)] : []));
  return values.length === parts.length ? values.sort() : undefined;
}

/** @param {Symbol} symbol @returns {{ description?: string }} */
function described(symbol) {
  const text = checker.getDocumentationCommentOfSymbol(symbol).replaceAll(/\s+/g, ' ').trim();
  return text === '' ? {} : { description: text };
}

/** @param {string[]} texts @returns {Schema} */
function closed(texts) {
  return texts.length === 1 ? { const: texts[0] } : { enum: texts };
}

/**
 * One of these names, or what the library gives for a number that has none.
 *
 * @param {string[]} texts
 * @returns {Schema}
 */
function named(texts) {
  const open = openings.filter(({ known }) => known.every((one) => texts.includes(one)));
  if (open.length === 0) return closed(texts);
  const words = [...new Set(open.map(({ prefix }) => prefix))].sort();
  const word = words.length === 1 ? words[0] : `(${words.join('|')})`;
  return { anyOf: [closed(texts), { type: 'string', pattern: `^${word}_-?[0-9]+$` }] };
}

/**
 * Where the library makes a name of a number: of which names, and what the others begin with.
 *
 * @returns {{ known: string[], prefix: string }[]}
 */
function findOpenings() {
  /** @type {{ known: string[], prefix: string }[]} */
  const found = [];
  /** @param {Node} node @param {string} prefix */
  const add = (node, prefix) => {
    const type = checker.getTypeAtLocation(node);
    const known = type === undefined ? undefined : literals(type);
    if (known !== undefined) found.push({ known, prefix });
  };
  /** @param {Node} node @param {Node} parent */
  const visit = (node, parent) => {
    const isCast = isAsExpression(parent);
    if (isCallExpression(node) && isIdentifier(node.expression)) {
      const prefix = NAMERS.get(node.expression.text);
      if (prefix !== undefined) add(isCast ? parent : node, prefix);
    } else if (isCast && isTemplateExpression(node)) {
      const [, prefix] = /^(unknown)_$/i.exec(node.head.text) ?? [];
      if (prefix !== undefined) add(parent, prefix);
    }
    node.forEachChild((child) => visit(child, node));
  };
  for (const name of program.getSourceFileNames().filter((file) => file.startsWith(LIB))) {
    const source = program.getSourceFile(name);
    if (source !== undefined) visit(source, source);
  }
  return found;
}

/** @param {Schema} value */
function formatted(value) {
  const args = ['format', `--stdin-file-path=${FILE}`];
  return execFileSync(BIOME, args, { cwd: ROOT, input: JSON.stringify(value, null, 2), encoding: 'utf8' });
}

const text = formatted(schema());
api.close();
if (process.argv[2] === '--check') {
  if (!existsSync(FILE) || text !== readFileSync(FILE, 'utf8')) {
    console.error('docs/records.schema.json is not up to date: npm run docs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(FILE, text);
}
