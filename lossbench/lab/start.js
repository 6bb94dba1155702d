// The page as a whole: language, views, questions, the address.

const views = {
  neuron: { draw: drawNeuron, pickers: neuronPickers, stop: () => { neuronView.playing = false }, facts: neuronFacts },
  network: { draw: drawNetwork, pickers: networkPickers, stop: () => { networkView.playing = false }, facts: networkFacts },
}

function drawTexts() {
  document.documentElement.lang = state.lang === 'zh' ? 'zh-Hans' : state.lang
  document.title = t('title')
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t)
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', t(element.dataset.label))
  for (const element of document.querySelectorAll('[data-title]')) element.title = t(element.dataset.title)
  for (const button of document.querySelectorAll('[data-language]')) button.setAttribute('aria-pressed', String(button.dataset.language === state.lang))
}

function drawTabs() {
  for (const tab of document.querySelectorAll('[data-view]')) {
    const chosen = tab.dataset.view === state.view
    tab.setAttribute('aria-selected', String(chosen))
    tab.tabIndex = chosen ? 0 : -1
    $(tab.dataset.view).hidden = !chosen
  }
}

function drawQuestions() {
  $('question-list').replaceChildren(...data.questions.map((question, n) => html('li', {}, html('button', {
    type: 'button', 'aria-label': t('guide.number', { n: n + 1 }), 'aria-current': state.q === n + 1 ? 'true' : 'false', onclick: () => ask(n + 1),
  }, String(n + 1)))))
  $('question').hidden = state.q === 0
  if (state.q) $('question-text').textContent = t(`q${state.q}`)
  $('question-next').hidden = state.q === data.questions.length
}

// Set the page up for a question; what the question does not name stands as it does by default.
function ask(n) {
  for (const view of Object.values(views)) view.stop()
  Object.assign(state, basis(n), { lang: state.lang, f: data.questions[n - 1].f ?? state.f })
  $('answer-text').hidden = true
  refresh()
}

// The answer stands in the page's own numbers: the run is carried to its end first.
function answer() {
  const tell = () => {
    const text = t(`q${state.q}.answer`, views[state.view].facts()) // it may begin with a loss's name
    $('answer-text').textContent = text[0].toUpperCase() + text.slice(1)
    $('answer-text').hidden = false
  }
  const question = data.questions[state.q - 1]
  if (state.view === 'neuron') { goTo(state.h); tell() } else trainTo(Math.max(state.nn, question.until ?? digits.steps), tell)
}

function refresh() {
  drawTexts()
  drawTabs()
  drawQuestions()
  views[state.view].pickers()
  views[state.view].draw()
  writeAddress()
}

function show(view) {
  views[state.view].stop()
  state.view = view
  refresh()
}

// A finger that scrolls the page may come down on a slider: what its touch set there is taken back.
function wireScroll(slider) {
  let value, chosen
  slider.addEventListener('pointerdown', () => { [value, chosen] = [slider.value, { ...state }] })
  slider.addEventListener('pointercancel', () => {
    if (slider.value === value) return
    slider.value = value
    if (slider.closest('.scrub')) return slider.dispatchEvent(new Event('input'))
    Object.assign(state, chosen)
    views[state.view].draw()
    writeAddress()
  })
}

function wire() {
  wireNeuron()
  wireNetwork()
  for (const tab of document.querySelectorAll('[data-view]')) {
    tab.addEventListener('click', () => show(tab.dataset.view))
    tab.addEventListener('keydown', event => {
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
      event.preventDefault()
      show(state.view === 'neuron' ? 'network' : 'neuron')
      $(`tab-${state.view}`).focus()
    })
  }
  for (const button of document.querySelectorAll('[data-language]')) {
    button.addEventListener('click', () => {
      state.lang = button.dataset.language
      $('answer-text').hidden = true
      refresh()
    })
  }
  $('answer-show').addEventListener('click', answer)
  $('question-next').addEventListener('click', () => ask(state.q + 1))
  $('question-close').addEventListener('click', () => { state.q = 0; refresh() })
  // Space runs, arrows step, wherever no control wants the key for itself.
  addEventListener('keydown', event => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest('button, input, select, summary, a')) return
    const [play, go, n] = state.view === 'neuron' ? [playNeuron, goTo, state.n] : [playNetwork, goToStep, state.nn]
    if (event.key === ' ') play()
    else if (event.key === 'ArrowRight') go(n + 1)
    else if (event.key === 'ArrowLeft') go(n - 1)
    else if (event.key === 'Home') go(0)
    else return
    event.preventDefault()
  })
  for (const slider of document.querySelectorAll('input[type=range]')) wireScroll(slider)
  addEventListener('hashchange', () => {
    if ((location.hash || '#') === lastWritten) return
    for (const view of Object.values(views)) view.stop()
    Object.assign(state, readAddress())
    $('answer-text').hidden = true
    refresh()
  })
  new ResizeObserver(() => {
    if ($('factors').clientWidth === neuronView.width) return
    neuronView.width = $('factors').clientWidth
    if (state.view === 'neuron' && neuronView.runs.length) drawFactors()
  }).observe($('factors'))
}

document.querySelector('main').hidden = false // without script there would be controls that do nothing
wire()
refresh()

// For whoever wants to look inside, tests first of all.
window.lossbenchLab = Object.freeze({ losses, digits, trainNeuron, escapeCurve, Network, formulaLoss, prepare, state })
