// npm run pack: builds the package that `npm pack` makes of a built checkout.
import { spawnSync } from 'node:child_process'
import { main } from './setup/failure.mjs'
import { root } from './setup/places.mjs'
import { checkNode, setUpClient } from './setup.mjs'

await main(async () => {
  checkNode()
  await setUpClient()
  const { status } = spawnSync('npm', ['pack', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
})
