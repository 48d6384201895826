/** What the docs point at is there: files, headings, npm scripts, commands of `cdi`. */
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');

interface Page {
  /** Path below the project's folder. */
  readonly path: string;
  readonly text: string;
}

const pages: Page[] = globSync(['*.md', '{docs,examples,test}/**/*.md'], { cwd: root }).map((path) => ({
  path,
  text: readFileSync(join(root, path), 'utf8'),
}));

const FENCED = /^```.*?^```/gms;
const withoutCode = (text: string): string => text.replaceAll(FENCED, '').replaceAll(/`[^`\n]*`/g, '');
const code = (text: string): string[] => [
  ...(text.match(FENCED) ?? []),
  ...(text.replaceAll(FENCED, '').match(/`[^`]+`/g) ?? []),
];

/** Targets of links and images that lie in the project. */
function localTargets({ text }: Page): string[] {
  const targets = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors that GitHub gives to the headings of a page. */
function anchors(text: string): string[] {
  return [...text.replaceAll(FENCED, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    (heading ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function isBroken(page: Page, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(root, page.path) : resolve(root, dirname(page.path), path);
  if (!existsSync(file)) return true;
  return anchor !== undefined && !anchors(readFileSync(file, 'utf8')).includes(anchor);
}

/** Every match in the code of a page, as its groups. */
const named = (page: Page, pattern: RegExp): string[][] =>
  code(page.text).flatMap((text) => [...text.matchAll(pattern)].map(([, ...groups]) => groups));

it('every relative link and image leads somewhere', () => {
  const targets = pages.flatMap((page) => localTargets(page).map((target) => ({ page, target })));
  expect(targets.length).toBeGreaterThan(20);
  const broken = targets.filter(({ page, target }) => isBroken(page, target));
  expect(broken.map(({ page, target }) => `${page.path}: ${target}`)).toEqual([]);
});

it('every npm script that is named exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const used = pages.flatMap((page) => named(page, /npm run ([a-z:-]+)/g).flat());
  expect(used).toContain('demo');
  expect([...new Set(used)].filter((name) => !(name in scripts))).toEqual([]);
});

it('every command of cdi that is named exists', async () => {
  const commands = await commandsOf();
  const subcommands = await commandsOf('credential');
  const used = pages.flatMap((page) =>
    named(page, /(?<![\w-])cdi(?: --)?(?: --home \S+| --json)* ([a-z]+)(?: ([a-z]+))?/g),
  );
  const names = new Set(used.map(([name = '']) => name));
  expect(names).toContain('apply');
  expect([...names].filter((name) => !commands.has(name))).toEqual([]);
  const unknown = used.filter(([name, next]) => name === 'credential' && next && !subcommands.has(next));
  expect(unknown).toEqual([]);
});

/** The commands that the help lists. */
async function commandsOf(...of: string[]): Promise<Set<string>> {
  const main = join(root, 'client/main.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...of, '--help']);
  const list = stdout.slice(stdout.indexOf('Commands:'));
  return new Set([...list.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name ?? ''));
}
