/** Turns what zod found into sentences that never repeat a value of the file. */
import type { z } from 'zod';
import { alternatives, memberOf, schemasAt, type JsonSchema } from './json-schema.ts';
import { nearestName } from './nearest-name.ts';

export interface Explanation {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly fix?: string;
}

/** Messages of the schemas that are instructions rather than statements begin with one of these words. */
const INSTRUCTION = /^(write|give|use) /;

/**
 * @param issue what zod reported
 * @param document the whole document, as plain data
 * @param schema the JSON schema of the document
 */
export function explainIssue(issue: z.core.$ZodIssue, document: unknown, schema: JsonSchema): Explanation[] {
  const { path } = issue;
  const value = path.reduce(memberOf, document);
  const described = schemasAt(schema, document, path);
  const description = firstSentence(described.find((at) => at.description !== undefined)?.description);
  const about = description === undefined ? {} : { fix: description };

  if (value === undefined && path.length > 0 && issue.code !== 'custom') {
    return [{ path, message: 'is required', ...about }];
  }
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = described.flatMap((at) =>
        alternatives(at, value).flatMap((branch) => Object.keys(branch.properties ?? {})),
      );
      return issue.keys.map((key) => {
        const meant = nearestName(key, known);
        const fix = meant === undefined ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`;
        return { path: [...path, key], message: 'there is no such option', fix };
      });
    }
    case 'invalid_type':
      return [
        {
          path,
          message: `must be ${TYPE_WORDS[issue.expected] ?? issue.expected}`,
          ...quoting(issue, value),
        },
      ];
    case 'invalid_value':
      return [{ path, ...oneOf(issue.values.map(String), value) }];
    case 'invalid_union':
      return explainUnion(issue, document, schema, about);
    case 'too_small':
    case 'too_big':
      return [{ path, message: INSTRUCTION.test(issue.message) ? issue.message : limitOf(issue) }];
    default:
      return [
        INSTRUCTION.test(issue.message)
          ? { path, message: 'is not valid', fix: issue.message }
          : { path, message: issue.message },
      ];
  }
}

/** Explains the alternative that the author most likely meant: the right shape with the fewest faults. */
function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  document: unknown,
  schema: JsonSchema,
  about: { fix?: string },
): Explanation[] {
  const { path } = issue;
  if (INSTRUCTION.test(issue.message)) return [{ path, message: 'is not valid', fix: issue.message }];
  const value = path.reduce(memberOf, document);
  if ('options' in issue && Array.isArray(issue.options)) {
    return [{ path, ...oneOf(issue.options.map(String), value) }];
  }
  const ofRightShape = issue.errors.filter(
    (issues) =>
      !issues.some(
        ({ path, code }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value'),
      ),
  );
  const [meant] = ofRightShape.sort((one, other) => one.length - other.length);
  if (meant) {
    return meant.flatMap((inner) =>
      explainIssue({ ...inner, path: [...path, ...inner.path] }, document, schema),
    );
  }
  const shapes = issue.errors.flat().flatMap((inner) => {
    if (inner.code === 'invalid_value') return inner.values.map(String);
    return inner.code === 'invalid_type' ? [TYPE_WORDS[inner.expected] ?? inner.expected] : [];
  });
  return [{ path, message: `must be ${shapes.join(' or ')}`, ...about }];
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping of options',
  array: 'a list',
};

function quoting(issue: z.core.$ZodIssueInvalidType, value: unknown): { fix?: string } {
  const readAsOther = typeof value === 'number' || typeof value === 'boolean';
  return issue.expected === 'string' && readAsOther ? { fix: 'put the value in quotes' } : {};
}

function oneOf(values: readonly string[], written: unknown): { message: string; fix?: string } {
  const meant = typeof written === 'string' ? nearestName(written, values) : undefined;
  const message = `must be ${values.length > 1 ? 'one of ' : ''}${values.join(', ')}`;
  return meant === undefined || values.length === 1
    ? { message }
    : { message, fix: `did you mean ${meant}?` };
}

function limitOf(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const unit = issue.origin === 'string' ? ' characters long' : '';
  if (issue.code === 'too_big') {
    return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unit}`;
  }
  if (issue.origin === 'string' && issue.minimum === 1) return 'must not be empty';
  return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unit}`;
}

function firstSentence(text: string | undefined): string | undefined {
  return text?.split(/\.\s/)[0]?.replace(/\.$/, '');
}
