import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { dashboardFolder } from '../../src/places.js'

const isBuilt = existsSync(dashboardFolder)
const skip = isBuilt ? false : 'the dashboard has not been built: run npm run build'

test('all views together have at most 150 KB, gzipped', { skip }, () => {
  const names = readdirSync(dashboardFolder).filter(name => /\.(js|css)$/.test(name))
  const sizes = names.map(
    name => gzipSync(readFileSync(join(dashboardFolder, name)), { level: 9 }).length,
  )
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  assert.ok(bytes > 50_000 && bytes <= 150_000, `${bytes} bytes`)
})

test('files that several views load are worth a request', { skip }, () => {
  const scripts = readdirSync(dashboardFolder).filter(name => name.endsWith('.js'))
  for (const name of scripts) {
    const { length } = readFileSync(join(dashboardFolder, name))
    assert.ok(length > 2000, `${name} has ${length} bytes`)
  }
})
