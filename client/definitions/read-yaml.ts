/** YAML to plain data that still knows its lines. */
import { isAlias, isMap, isNode, isSeq, LineCounter, parseAllDocuments, visit } from 'yaml';
import type { Document } from 'yaml';

export type YamlDocument =
  | {
      readonly value: unknown;
      /** The line of an option, counted from 1, or of the innermost thing around it that the file holds. */
      readonly lineOf: (path: readonly PropertyKey[]) => number;
    }
  | { readonly faults: readonly { readonly line: number; readonly message: string }[] };

/** @returns the documents of a file; an empty one has the value null */
export function readYaml(text: string): YamlDocument[] {
  const lines = new LineCounter();
  return parseAllDocuments(text, { lineCounter: lines, prettyErrors: false }).map((document) =>
    readDocument(document, (offset) => lines.linePos(offset).line),
  );
}

function readDocument(document: Document.Parsed, lineAt: (offset: number) => number): YamlDocument {
  const faults = [...document.errors, ...document.warnings].map(({ code, pos }) =>
    fault(lineAt(pos[0]), code),
  );
  visit(document, {
    Alias: (_key, alias) => {
      if (!alias.resolve(document)) faults.push(fault(lineAt(alias.range?.[0] ?? 0), 'BAD_ALIAS'));
    },
  });
  if (faults.length > 0) return { faults };
  try {
    return { value: document.toJS(), lineOf: (path) => lineAt(offsetOf(document, path)) };
  } catch {
    return { faults: [{ line: lineAt(offsetOf(document, [])), message: 'has too many aliases' }] };
  }
}

function fault(line: number, code: string): { line: number; message: string } {
  return { line, message: FAULTS[code] ?? `is not valid YAML (${code})` };
}

/** In our words: those of the parser may quote the file, and so a secret. */
const FAULTS: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'put a value that begins with * or & in quotes',
  TAG_RESOLVE_FAILED: 'put a value that begins with ! in quotes',
  BAD_SCALAR_START: 'put a value that begins with a special sign in quotes',
  BAD_DQ_ESCAPE: 'a backslash in double quotes begins no escape; use single quotes',
  BAD_INDENT: 'the indentation does not fit',
  TAB_AS_INDENT: 'indent with spaces, not with tabs',
  DUPLICATE_KEY: 'this option stands twice',
  MISSING_CHAR: 'a quote, a bracket or a colon is missing',
  MULTILINE_IMPLICIT_KEY: 'an option needs a colon and a space after its name',
  BLOCK_AS_IMPLICIT_KEY: 'put a value that holds a colon and a space in quotes',
};

/** Where an option stands, or the innermost thing around it that exists. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? document.range[0];
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isNode(item.key) && String(item.key) === String(key));
      if (!pair) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof key === 'number') {
      node = node.items[key];
      if (!isNode(node)) break;
      offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}
