/** A schema registry of the tests: the paths of Confluent's that a consumer and a producer use, with basic auth. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestRegistry {
  /** with user and password */
  address: string;
  /** requests for a schema by id so far */
  asked(): number;
  put(schema: object): number;
  close(): Promise<void>;
}

const login = { user: 'reader', password: 'p@ss:word' };

export async function startRegistry(): Promise<TestRegistry> {
  const schemas: string[] = [];
  let asked = 0;
  const expected = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  const put = (schema: string): number => {
    const known = schemas.indexOf(schema);
    return known >= 0 ? known + 1 : schemas.push(schema);
  };
  const server = http.createServer((request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' });
      response.end(JSON.stringify(body));
    };
    if (request.headers.authorization !== expected) return answer(401, { error_code: 401, message: 'who are you?' });
    const id = /^\/schemas\/ids\/(\d+)$/.exec(request.url!);
    if (id && request.method === 'GET') {
      asked++;
      const schema = schemas[Number(id[1]) - 1];
      return schema === undefined
        ? answer(404, { error_code: 40403, message: 'Schema not found' })
        : answer(200, { schema });
    }
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => answer(200, { id: put((JSON.parse(body) as { schema: string }).schema) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://${login.user}:${encodeURIComponent(login.password)}@127.0.0.1:${port}`,
    asked: () => asked,
    put: (schema) => put(JSON.stringify(schema)),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
