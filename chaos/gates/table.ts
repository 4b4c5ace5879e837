import { cancelling } from './cancelling.js'
import { dataFolder } from './data-folder.js'
import type { Gate } from './gate.js'
import { lostWork } from './lost-work.js'
import { oneSubmission } from './one-submission.js'
import { outage } from './outage.js'
import { rollingRestart } from './rolling-restart.js'

export const gates: readonly Gate[] = [
  lostWork,
  outage,
  cancelling,
  rollingRestart,
  oneSubmission,
  dataFolder,
]
