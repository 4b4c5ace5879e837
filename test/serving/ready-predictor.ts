// A predictor that gets ready and answers nothing.
process.send?.({ type: 'ready' })
process.once('disconnect', () => process.exit())
