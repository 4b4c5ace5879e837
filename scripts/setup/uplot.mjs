import { readFileSync } from 'node:fs'
import { SetupError } from './failure.mjs'

// uPlot 1.6.32 is one function, of which no bundler can leave out what the dashboard does not use: curves that are
// bent or stepped, bars, axes of dates, and a legend. They are a sixth of it, 4 KB of a compressed page.

/** `src/dashboard/ui/line-chart.tsx` draws straight lines, has `time: false`, and a legend of its own. */
const cuts = [
  ['(paths.stepped = stepped);'],
  ['(paths.bars    = bars);'],
  ['(paths.spline  = monotoneCubic);'],
  ['uPlot.fmtDate = fmtDate;'],
  ['uPlot.tzDate  = tzDate;'],
  [/^const \[ timeIncrs\w+, +_timeAxisStamps\w+, +timeAxisSplits\w+ +\] = genTimeStuffs\(.*$/gm],
  [/^\tconst _(tzDate|fmtDate|timeAxisSplits|timeAxisVals|timeSeriesVal) +=.*$/gm],
  [/let isTime = .*;/g],
  [/\bisTime\b/g, 'false'],
  ['const showLegend = legend.show;'],
  [/\bshowLegend\b/g, 'false'],
]

/** The source of uPlot without what the dashboard does not use. */
export function cutUplot(source) {
  return cuts.reduce((text, [what, instead = '']) => {
    const cut = text.replace(what, instead)
    if (cut !== text) return cut
    throw new SetupError(
      `uPlot has no ${what} any more, which the dashboard leaves out`,
      'adapt scripts/setup/uplot.mjs to this version of uPlot',
    )
  }, source)
}

/** Of esbuild. */
export const smallUplot = {
  name: 'small-uplot',
  setup(build) {
    build.onLoad({ filter: /[\\/]uPlot\.esm\.js$/ }, ({ path }) => ({
      contents: cutUplot(readFileSync(path, 'utf8')),
      loader: 'js',
    }))
  },
}
