import { setUpAndBecome } from './setup/become.mjs'

await setUpAndBecome('src/supervisor/backup.js')
