/** The form of a request for a query job. What is not known here is refused, as the API refuses an unknown field. */
import { z } from 'zod';
import { GoogleError } from './google-error.ts';
import { unknownTo } from './statement.ts';

const string = z.strictObject({ type: z.literal('STRING') });
const parameterSchema = z.union([
  z.strictObject({
    name: z.string(),
    parameterType: string,
    parameterValue: z.strictObject({ value: z.string() }),
  }),
  z.strictObject({
    name: z.string(),
    parameterType: z.strictObject({ type: z.literal('ARRAY'), arrayType: string }),
    parameterValue: z.strictObject({ arrayValues: z.array(z.strictObject({ value: z.string() })) }),
  }),
]);
/** Source: requirements for labels. */
const labelKey = z.string().regex(/^\p{Ll}[\p{Ll}\p{N}_-]{0,62}$/u);
const labelValue = z.string().regex(/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u);
const number = z.string().regex(/^\d+$/);

const jobSchema = z.strictObject({
  jobReference: z.strictObject({
    projectId: z.string(),
    location: z.string(),
    jobId: z
      .string()
      .regex(/^[\w-]{1,1024}$/)
      .optional(),
  }),
  configuration: z.strictObject({
    dryRun: z.boolean().optional(),
    jobTimeoutMs: number.optional(),
    labels: z.record(labelKey, labelValue).optional(),
    query: z.strictObject({
      query: z.string(),
      useLegacySql: z.literal(false),
      useQueryCache: z.boolean().optional(),
      maximumBytesBilled: number.optional(),
      parameterMode: z.literal('NAMED').or(z.literal('named')).optional(),
      queryParameters: z.array(parameterSchema).optional(),
    }),
  }),
});

export type JobRequest = z.infer<typeof jobSchema>;

/** @throws GoogleError 400 */
export function parseJob(body: unknown): JobRequest {
  const parsed = jobSchema.safeParse(body);
  if (!parsed.success)
    throw new GoogleError('badRequest', `Invalid JSON payload received: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** @throws GoogleError 400 where BigQuery would not take the statement, or that is not known */
export function requireTaken({ configuration: { query } }: JobRequest): void {
  const [unknown] = unknownTo(query.query);
  if (unknown !== undefined)
    throw new GoogleError('invalidQuery', `The stand-in does not know whether BigQuery takes ${unknown}`);
  const given = new Set((query.queryParameters ?? []).map(({ name }) => name));
  const used = new Set([...query.query.matchAll(/@([a-z]+)/g)].map(([, name]) => name ?? ''));
  const missing = [...used].find((name) => !given.has(name));
  if (missing !== undefined)
    throw new GoogleError('invalidQuery', `Query parameter '${missing}' not found at [1:1]`);
}
