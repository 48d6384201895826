/** Where the values behind `${env:NAME}` and `${file:PATH}` come from. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of a file; a relative path begins at the folder where `cdi` runs. */
  readonly readFile: (path: string) => Promise<string>;
}

export type ResolvedSecret =
  | { readonly found: true; readonly value: string }
  /** Names the variable or the file, never a value. */
  | { readonly found: false; readonly problem: string };

/**
 * @param reference as a definition holds it, such as `${env:BRAZE_KEY}`
 * @returns the value, of a file without the line break at its end
 */
export async function resolveSecret(reference: string, sources: SecretSources): Promise<ResolvedSecret> {
  const match = /^\$\{(env|file):([^}]+)\}$/.exec(reference);
  const [, source, name] = match ?? [];
  if (source === undefined || name === undefined) {
    return missing('a secret is written as ${env:NAME} or ${file:PATH}');
  }
  if (source === 'env') {
    const value = sources.env[name];
    if (value === undefined) return missing(`the environment variable ${name} is not set`);
    return value === '' ? missing(`the environment variable ${name} is empty`) : { found: true, value };
  }
  try {
    const value = (await sources.readFile(name)).replace(/\r?\n$/, '');
    return value === '' ? missing(`the file ${name} is empty`) : { found: true, value };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return missing(`the file ${name} cannot be read${code}`);
  }
}

function missing(problem: string): ResolvedSecret {
  return { found: false, problem };
}
