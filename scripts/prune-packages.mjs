// For the image: leaves in node_modules what a built server needs, and its package.json and package-lock.json say so.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main } from './setup/failure.mjs'
import { npm, npmFailed } from './setup/packages.mjs'
import { root } from './setup/places.mjs'
import { serverManifests } from './setup/server-packages.mjs'

await main(async () => {
  for (const [name, content] of Object.entries(serverManifests())) {
    writeFileSync(join(root, name), JSON.stringify(content, null, 2))
  }
  const { ok, tail } = await npm(['prune', '--ignore-scripts'], root)
  if (!ok) throw npmFailed(tail)
})
