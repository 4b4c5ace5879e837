import { build } from './setup/build.mjs'
import { main } from './setup/failure.mjs'

await main(build)
