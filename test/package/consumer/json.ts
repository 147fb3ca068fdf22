/** What is no module of the package. */
import manifest from 'sockdiag/package.json' with { type: 'json' };
import schema from 'sockdiag/records.schema.json' with { type: 'json' };

export const version: string = manifest.version;
export const required: readonly string[] = schema.$defs.TcpDiagMsg.required;
// @ts-expect-error: its type is that of the file
export const wrong: number = schema.title;
