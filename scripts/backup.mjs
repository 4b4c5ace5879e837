import { setUpAndBecome } from './setup/become.mjs'

await setUpAndBecome('bundle/src/supervisor/backup.js')
