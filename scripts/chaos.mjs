import { setUpAndBecome } from './setup/become.mjs'
import { setUpSchemathesis, setUpSeaweedFs } from './setup/test-packages.mjs'

/** What an option needs beside the server. */
const needs = { '--api': setUpSchemathesis, '--bucket': setUpSeaweedFs }

const steps = Object.entries(needs).flatMap(([option, step]) =>
  process.argv.includes(option) ? [step] : [],
)
await setUpAndBecome('chaos/main.js', steps)
