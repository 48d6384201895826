/** Reads the definition files of a folder. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { DefinitionProblem } from './definition-problem.ts';
import type { KnownNames } from './located-definition.ts';
import { parseDefinitions, type ParsedDefinitions } from './parse-definitions.ts';

/**
 * @param path a folder, whose `*.yaml` and `*.yml` are read with those of the folders below it, or one such file.
 *   Names that begin with a dot are left out; a link to a file is followed, one to a folder is not.
 * @param known names that files may refer to because the ledger has them
 * @returns the definitions, or every problem of every file; a path that cannot be read is a problem too
 */
export async function loadDefinitions(path: string, known?: KnownNames): Promise<ParsedDefinitions> {
  let found: string[];
  try {
    found = (await stat(path)).isDirectory() ? await definitionFiles(path) : [path];
  } catch (error) {
    return failed(path, `cannot be read (${codeOf(error)})`, 'name a folder with definition files');
  }
  if (found.length === 0) {
    return failed(path, 'holds no definition file', 'put files that end in .yaml or .yml there');
  }
  const root = found[0] === path ? dirname(path) : path;
  const files = [];
  const unreadable: DefinitionProblem[] = [];
  for (const file of found) {
    const name = relative(root, file) || basename(file);
    try {
      files.push({ name, text: await readFile(file, 'utf8') });
    } catch (error) {
      unreadable.push({ file: name, line: 0, path: '', message: `cannot be read (${codeOf(error)})` });
    }
  }
  const parsed = parseDefinitions(files, known);
  if (unreadable.length === 0) return parsed;
  return { valid: false, problems: [...unreadable, ...(parsed.valid ? [] : parsed.problems)] };
}

async function definitionFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await definitionFiles(path)));
    else if (/\.ya?ml$/i.test(entry.name)) found.push(path);
  }
  return found;
}

function failed(file: string, message: string, fix: string): ParsedDefinitions {
  return { valid: false, problems: [{ file, line: 0, path: '', message, fix }] };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
