import { Command } from 'commander'
import { version } from '../version.js'
import type { Cli, GlobalOptions } from './cli.js'
import { addDatasets } from './datasets/datasets.js'
import { addJobActions } from './jobs/actions.js'
import { addCheckpoints } from './jobs/checkpoints.js'
import { addCompare } from './jobs/compare.js'
import { addLogs } from './jobs/logs.js'
import { addLs } from './jobs/ls.js'
import { addMetrics } from './jobs/metrics.js'
import { addShow } from './jobs/show.js'
import { addSubmit } from './jobs/submit.js'
import { addWatch } from './jobs/watch.js'
import { addExplain } from './models/explain.js'
import { addExport } from './models/export.js'
import { addModels } from './models/models.js'
import { addPredict } from './models/predict.js'
import { addWeights } from './models/weights.js'
import { addBackup } from './server/backup.js'
import { addCompletion } from './server/completion.js'
import { addDemo } from './server/demo.js'
import { addDoctor } from './server/doctor.js'
import { addDown } from './server/down.js'
import { addKeys } from './server/keys.js'
import { addLogin, addLogout } from './server/login.js'
import { addSetup } from './server/setup.js'
import { addStart } from './server/start.js'
import { addStatus } from './server/status.js'
import { addStore } from './server/store.js'
import { addUp } from './server/up.js'
import { addWorkers } from './server/workers.js'

/** The command line. Each command lies in a file of its own, in the folder of what it is about. */
export function createProgram(cli: Cli): Command {
  const program = new Command('trainyard')
    .description('Trains models from data sets and serves their predictions.')
    .version(version)
    .option('--url <url>', 'the server (TRAINYARD_URL)')
    .option(
      '--key <key>',
      'the API key (TRAINYARD_KEY, which other users of the machine cannot see)',
    )
    .option('--json', 'print JSON for scripts')
    // commands take over what follows when they are added
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'trainyard: ')),
    })
    .showHelpAfterError('`trainyard help COMMAND` lists what a command takes.')
    .addHelpText('after', firstSteps)
    .hook('preAction', (_program, command) => {
      cli.options = command.optsWithGlobals<GlobalOptions>()
    })
  program.commandsGroup('Jobs:')
  addSubmit(program, cli)
  addLs(program, cli)
  addShow(program, cli)
  addWatch(program, cli)
  addLogs(program, cli)
  addMetrics(program, cli)
  addCompare(program, cli)
  addCheckpoints(program, cli)
  addJobActions(program, cli)
  program.commandsGroup('Data sets:')
  addDatasets(program, cli)
  program.commandsGroup('Models:')
  addPredict(program, cli)
  addExplain(program, cli)
  addModels(program, cli)
  addExport(program, cli)
  addWeights(program, cli)
  program.commandsGroup('Server:')
  addDemo(program, cli)
  addStart(program, cli)
  addSetup(program, cli)
  addUp(program, cli)
  addDown(program, cli)
  addStatus(program, cli)
  addWorkers(program, cli)
  addDoctor(program, cli)
  addLogin(program, cli)
  addLogout(program, cli)
  addKeys(program, cli)
  addBackup(program, cli)
  addStore(program, cli)
  addCompletion(program, cli)
  return program
}

const firstSteps = `
First steps, with a folder that has a folder of images for each class, or with a CSV file:
  trainyard start                            the server, in a terminal of its own
  trainyard datasets push FOLDER --name digits
  trainyard submit --dataset digits --model resnet --name digits -w
  trainyard predict digits IMAGE`
