#!/usr/bin/env node
// The one door: finds a Node that can run the program (26 or newer, brought by `npm ci`), then runs it. Plain
// JavaScript, because the host's Node may be as old as 20.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const entry = join(here, 'flux.ts');
const needed = 26;

if (Number(process.versions.node.split('.')[0]) >= needed) {
  nodeModule.enableCompileCache?.(join(tmpdir(), `flux-compile-cache-${userInfo().uid}`));
  await import(entry);
} else {
  const node = pinnedNode();
  if (!node) {
    console.error(
      `flux needs Node ${needed} or newer; this is ${process.version}, and no packaged Node for ` +
        `${process.platform}-${process.arch} is installed.\nRun \`npm ci\` (without --omit=optional), or install Node ${needed}.`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code ?? 1);
  });
}

function pinnedNode() {
  const require = nodeModule.createRequire(import.meta.url);
  const { platform, arch } = process;
  for (const name of [`node-${platform}-${arch}`, `node-bin-${platform}-${arch}`]) {
    try {
      const path = join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'node');
      if (existsSync(path)) return path;
    } catch {
      // not this package
    }
  }
  return undefined;
}
