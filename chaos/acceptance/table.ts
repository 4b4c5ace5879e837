import type { Gate } from './acceptance-test.js'
import { cancelling } from './cancelling.js'
import { dataFolder } from './data-folder.js'
import { lostWork } from './lost-work.js'
import { oneSubmission } from './one-submission.js'
import { outage } from './outage.js'
import { rollingRestart } from './rolling-restart.js'
import { zombies } from './zombies.js'

export const gates: readonly Gate[] = [
  lostWork,
  outage,
  zombies,
  cancelling,
  rollingRestart,
  oneSubmission,
  dataFolder,
]
