/** Flags that every command about a pass has. */

export const SOURCE_FLAGS = {
  pass: {
    kind: 'parsed',
    parse: String,
    placeholder: 'DIR',
    brief: 'Read this pass folder instead of asking a server (with --server: the id of a pass)',
    optional: true,
  },
  server: {
    kind: 'parsed',
    parse: String,
    placeholder: 'URL',
    brief: 'Aggregator to ask (default $TRIVET_SERVER, else http://127.0.0.1:8080)',
    optional: true,
  },
} as const;

export function jsonFlag(schema: string) {
  return {
    kind: 'boolean',
    brief: `Print one JSON object (schema ${schema})`,
    default: false,
    withNegated: false,
  } as const;
}
