/**
 * Fails if a user cannot name a type of the package: if it stands in what an entry exports, and no entry exports it
 * itself. `npm run check:names`.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { SyntaxKind } from 'typescript/unstable/ast';
import {
  isBlock,
  isIdentifier,
  isInterfaceDeclaration,
  isPrivateIdentifier,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is';
import { API, SymbolFlags } from 'typescript/unstable/sync';

/** @typedef {import('typescript/unstable/sync').Symbol} Symbol */
/** @typedef {import('typescript/unstable/ast').Node} Node */

const ROOT = path.join(import.meta.dirname, '../..');
const LIB = path.join(ROOT, 'lib/');

const api = new API({ cwd: ROOT });
const [project] = api.updateSnapshot({ openProject: path.join(ROOT, 'tsconfig.json') }).getProjects();
if (project === undefined) throw new Error('the compiler does not open tsconfig.json');
const { checker, program } = project;

/** What the entries export, by id. @type {Map<number, Symbol>} */
const exported = new Map(entries().flatMap(exportsOf));
/** What was looked at already. @type {Set<number>} */
const seen = new Set();
/** Where each is mentioned that nobody can name. @type {Map<string, string>} */
const nameless = new Map();

/** @returns {string[]} the sources of the package's entries */
function entries() {
  const { exports } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const files = Object.values(exports).flatMap((target) => target.default ?? []);
  return files.map((file) => file.replace('./dist/', LIB).replace(/\.js$/, '.ts'));
}

/** @param {string} file @returns {[number, Symbol][]} */
function exportsOf(file) {
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`the compiler does not know ${file}`);
  return checker.getExportsOfModule(module).map((symbol) => [meant(symbol).id, meant(symbol)]);
}

/** @param {Symbol} symbol @returns {Symbol} what an import or export of it stands for */
function meant(symbol) {
  return symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** @param {Symbol} symbol @returns {Node[]} its declarations in lib, outside of any other */
function declarationsOf(symbol) {
  return symbol.declarations.flatMap((handle) => {
    const node = handle.resolve(project);
    const source = node?.getSourceFile();
    if (node === undefined || source?.fileName.startsWith(LIB) !== true) return [];
    return statementOf(node).parent === source ? [node] : [];
  });
}

/** @param {Node} node @returns {Node} of a variable, what declares it and others */
function statementOf(node) {
  return isVariableDeclaration(node) ? node.parent.parent : node;
}

/** @param {Symbol} symbol @param {string} where it is mentioned */
function look(symbol, where) {
  if (seen.has(symbol.id)) return;
  seen.add(symbol.id);
  const declarations = declarationsOf(symbol);
  if (!exported.has(symbol.id) && declarations.some(hasName)) nameless.set(symbol.name, where);
  for (const declaration of declarations) lookInto(declaration, `${where} > ${symbol.name}`);
}

/** What a module keeps for itself stands for its own text, but for an interface. @param {Node} node */
function hasName(node) {
  const { modifiers } = /** @type {{ modifiers?: readonly Node[] }} */ (statementOf(node));
  return isInterfaceDeclaration(node) || modifiers?.some(({ kind }) => kind === SyntaxKind.ExportKeyword);
}

/** @param {Node} node @param {string} where */
function lookInto(node, where) {
  const { initializer } = /** @type {{ initializer?: Node }} */ (node);
  node.forEachChild((child) => {
    if (child === initializer || isHidden(child)) return;
    const symbol = isIdentifier(child) ? checker.getSymbolAtLocation(child) : undefined;
    if (symbol !== undefined) look(meant(symbol), where);
    lookInto(child, where);
  });
}

/** What the declarations in the package do not have. @param {Node} node */
function isHidden(node) {
  const { name } = /** @type {{ name?: Node }} */ (node);
  if (isBlock(node) || (name !== undefined && isPrivateIdentifier(name))) return true;
  const text = node.getSourceFile().text.slice(node.pos, node.end);
  return /^\s*\/\*\*(?:(?!\*\/)[\s\S])*@internal\b/.test(text);
}

for (const symbol of exported.values()) look(symbol, 'sockdiag');
api.close();
for (const [name, where] of nameless) console.error(`nobody can name ${name}: ${where}`);
console.log(`${exported.size} exports, ${nameless.size} types in them that nobody can name`);
if (nameless.size > 0 || exported.size === 0) process.exitCode = 1;
