/** `npm run dev`: the center (restarted when server code changes) and the web app's dev server, side by side. */
import { spawn } from 'node:child_process';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);
const watched = ['bin', 'http', 'model', 'services', 'sources', 'stores', 'stream'].map(
  (room) => `--watch-path=${path.join(root, room)}`,
);

const children = [
  spawn(
    process.execPath,
    [
      ...watched,
      '--watch-preserve-output',
      path.join(root, 'bin', 'flux.ts'),
      'start',
      '--open',
      '--data',
      path.join(root, 'data', 'dev'),
      ...process.argv.slice(2),
    ],
    { cwd: root, stdio: 'inherit' },
  ),
  spawn(
    process.execPath,
    [path.join(root, 'node_modules', 'vite', 'bin', 'vite.js'), '--config', path.join(root, 'web', 'vite.config.ts')],
    { cwd: root, stdio: 'inherit' },
  ),
];
for (const child of children) {
  child.on('exit', (code) => {
    for (const other of children) other.kill('SIGTERM');
    process.exitCode = code ?? 0;
  });
}
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => children.forEach((child) => void child.kill(signal)));
