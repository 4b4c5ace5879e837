#!/usr/bin/env node
import { existsSync } from 'node:fs'

const bundled = new URL('../dist/bundle/src/cli/main.js', import.meta.url)
const built = new URL('../dist/src/cli/main.js', import.meta.url)
await import((existsSync(bundled) ? bundled : built).href)
