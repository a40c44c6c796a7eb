/** Schemas by id from a registry that speaks Confluent's paths; each is asked for once. */
import { FluxError, messageOf } from '#model/errors.ts';

export interface SchemaRegistry {
  /** The schema's text, undefined where the registry knows none. @throws FluxError `schema_registry` where it does not answer */
  schemaOf(id: number): Promise<string | undefined>;
  /** Registers a schema under a subject. @returns its id */
  register(subject: string, schema: string): Promise<number>;
}

/** @param address may carry user and password for basic authentication; they are in no message */
export function openSchemaRegistry(address: string): SchemaRegistry {
  const url = URL.parse(address);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new FluxError('bad_usage', 'FLUX_SCHEMA_REGISTRY must be an http or https address');
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const headers: Record<string, string> = {
    accept: 'application/vnd.schemaregistry.v1+json',
    ...(url.username ? { authorization: `Basic ${Buffer.from(login).toString('base64')}` } : {}),
  };
  const base = `${url.origin}${url.pathname.replace(/\/$/, '')}`;
  const known = new Map<number, string>();

  async function request(path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${base}${path}`, {
      ...init,
      headers: { ...headers, ...(init.headers as Record<string, string>) },
      signal: AbortSignal.timeout(10_000),
    }).catch((cause: unknown) => {
      throw unanswered(base, messageOf(cause), cause);
    });
    const body: unknown = await response.json().catch(() => undefined);
    if (!response.ok && response.status !== 404) throw unanswered(base, `status ${response.status}`);
    return { status: response.status, body };
  }

  return {
    schemaOf: async (id) => {
      const cached = known.get(id);
      if (cached !== undefined) return cached;
      const { status, body } = await request(`/schemas/ids/${id}`);
      if (status === 404) return undefined;
      const { schema } = (body ?? {}) as { schema?: unknown };
      if (typeof schema !== 'string') throw unanswered(base, `the answer for schema ${id} holds none`);
      known.set(id, schema);
      return schema;
    },
    register: async (subject, schema) => {
      const { body } = await request(`/subjects/${encodeURIComponent(subject)}/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify({ schema }),
      });
      const { id } = (body ?? {}) as { id?: unknown };
      if (typeof id !== 'number') throw unanswered(base, `it gave no id for ${subject}`);
      return id;
    },
  };
}

function unanswered(base: string, what: string, cause?: unknown): FluxError {
  return new FluxError('schema_registry', `the schema registry ${base} does not answer as it should: ${what}`, {
    cause,
    canRetry: true,
  });
}
