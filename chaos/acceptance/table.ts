import type { AcceptanceTest } from './acceptance-test.js'
import { cancellation } from './cancelling.js'
import { dataFolder } from './data-folder.js'
import { lostWork } from './lost-work.js'
import { oneSubmission } from './one-submission.js'
import { outage } from './outage.js'
import { rollingRestart } from './rolling-restart.js'
import { zombies } from './zombies.js'

export const acceptanceTests: readonly AcceptanceTest[] = [
  lostWork,
  outage,
  zombies,
  cancellation,
  rollingRestart,
  oneSubmission,
  dataFolder,
]
