/**
 * The API page for people: plain HTML from the OpenAPI document, no script. Swagger UI and its kin write inline styles and
 * HTML strings, which our content security policy refuses (ADR 13).
 */
import { escapedHtml } from '#model/html.ts';

interface Operation {
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema; description?: string }[];
  requestBody?: { content?: Record<string, { schema?: Schema }> };
  responses?: Record<string, { content?: Record<string, { schema?: Schema }> }>;
}

interface Schema {
  type?: string;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  description?: string;
  additionalProperties?: Schema | boolean;
  default?: unknown;
  minimum?: number;
  maximum?: number;
}

export interface ApiDocument {
  info: { title: string; version: string };
  paths?: Record<string, Record<string, Operation>>;
}

/** A schema in one or more lines, as one would write an example. */
function shapeOf(schema: Schema | undefined, indent = ''): string {
  if (!schema) return 'any';
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map((part) => shapeOf(part, indent)))].join(' | ');
  if (schema.type === 'array') return `[ ${shapeOf(schema.items, indent)}, ... ]`;
  if (schema.properties) {
    const inner = `${indent}  `;
    const required = new Set(schema.required ?? []);
    const lines = Object.entries(schema.properties).map(([name, part]) => {
      const note = part.description ? `   // ${part.description}` : '';
      return `${inner}${name}${required.has(name) ? '' : '?'}: ${shapeOf(part, inner)}${note}`;
    });
    return `{\n${lines.join('\n')}\n${indent}}`;
  }
  if (schema.type === 'object')
    return typeof schema.additionalProperties === 'object'
      ? `{ name: ${shapeOf(schema.additionalProperties, indent)}, ... }`
      : '{ ... }';
  return schema.type ?? 'any';
}

function rangeOf(schema: Schema | undefined): string {
  const parts = [
    schema?.minimum !== undefined ? `from ${schema.minimum}` : '',
    schema?.maximum !== undefined ? `to ${schema.maximum}` : '',
    schema?.default !== undefined ? `default ${String(schema.default)}` : '',
  ];
  return parts.filter(Boolean).join(' ');
}

function operationHtml(path: string, method: string, operation: Operation): string {
  const parameters = (operation.parameters ?? []).map(
    (p) =>
      `<tr><td><code>${escapedHtml(p.name)}</code>${p.required ? ' *' : ''}</td><td>${escapedHtml(p.in)}</td><td><code>${escapedHtml(shapeOf(p.schema))}</code> ${escapedHtml(rangeOf(p.schema))}</td><td>${escapedHtml(p.description ?? p.schema?.description ?? '')}</td></tr>`,
  );
  const body = operation.requestBody?.content?.['application/json']?.schema;
  const answer = operation.responses?.['200']?.content?.['application/json']?.schema;
  const block = (title: string, schema: Schema | undefined): string =>
    schema ? `<h4>${title}</h4><pre>${escapedHtml(shapeOf(schema))}</pre>` : '';
  return `<details><summary><b class="${method}">${method.toUpperCase()}</b> <code>${escapedHtml(path)}</code> <span>${escapedHtml(operation.summary ?? '').replaceAll(/`([^`]+)`/g, '<code>$1</code>')}</span></summary>
<p>${escapedHtml(operation.description ?? '')}</p>
${parameters.length > 0 ? `<table><tr><th>parameter</th><th>in</th><th>type</th><th></th></tr>${parameters.join('')}</table>` : ''}
${block('Body', body)}${block('Answer', answer)}</details>`;
}

/** @returns a whole HTML page; its style sheet is `apiPageStyle`, served beside it */
export function apiPage(document: ApiDocument): string {
  const groups = new Map<string, string[]>();
  for (const [path, methods] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(methods)) {
      const group = operation.tags?.[0] ?? 'other';
      groups.set(group, [...(groups.get(group) ?? []), operationHtml(path, method, operation)]);
    }
  }
  const sections = [...groups]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, operations]) => `<section><h2>${escapedHtml(name)}</h2>${operations.join('\n')}</section>`);
  const { title, version } = document.info;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapedHtml(title)} API</title><link rel="icon" href="/flux.svg" type="image/svg+xml"><link rel="stylesheet" href="/api/docs/style.css"></head><body><main>
<h1>${escapedHtml(title)} API <small>${escapedHtml(version)}</small></h1>
<p>Every address answers JSON unless said. Sign in on the page, or send <code>Authorization: Bearer TOKEN</code> (<code>npx flux token</code>). An error
is <code>{ "error": { "code", "message", "can_retry" } }</code>. The machine-readable document is <a href="/api/openapi.json">/api/openapi.json</a>.</p>
${sections.join('\n')}</main></body></html>`;
}

export const apiPageStyle = `
:root { color-scheme: light dark; --line: #8884; --dim: #667; }
@media (prefers-color-scheme: dark) { :root { --dim: #9ab; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 small { color: var(--dim); font-weight: 400; font-size: 60%; }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; text-transform: capitalize; }
details { border-top: 1px solid var(--line); padding: .35rem 0; }
summary { cursor: pointer; padding-left: 1.2em; text-indent: -1.2em; }
summary b { text-indent: 0; }
summary span { color: var(--dim); }
summary b { display: inline-block; min-width: 4.2em; font-family: ui-monospace, monospace; font-size: 12px; }
code, pre { font-family: ui-monospace, monospace; font-size: 13px; }
pre { overflow-x: auto; border: 1px solid var(--line); border-radius: 4px; padding: .6rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .15rem .6rem .15rem 0; vertical-align: top; }
`;
