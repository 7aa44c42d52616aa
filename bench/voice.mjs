/**
 * Voice in the web app beside bare pages with RTCPeerConnection: from the click to the first sample that can be
 * heard, and the processor time of a call of four. The bare pages signal through a few lines of server in this
 * process; the app's pages signal through the deployed stage.
 */

import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

const { chromium } = createRequire(new URL('../frontend/package.json', import.meta.url))('@playwright/test')

const { values } = parseArgs({
  options: { site: { type: 'string' }, rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '10' }, write: { type: 'string' } },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const MARKS = ['<!-- kept: voice -->', '<!-- end: voice -->']
const TONES = [430, 560, 710, 890]
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--autoplay-policy=no-user-gesture-required']

/** In every page: a microphone that hums, and an ear on whatever plays that notes when it first hears something. */
function instrument(hertz) {
  navigator.mediaDevices.getUserMedia = async () => {
    const audio = new AudioContext()
    const destination = new MediaStreamAudioDestinationNode(audio)
    const oscillator = new OscillatorNode(audio, { frequency: hertz })
    oscillator.connect(new GainNode(audio, { gain: 0.3 })).connect(destination)
    oscillator.start()
    return destination.stream
  }
  window.clickedAt = undefined
  window.audibleAt = []
  addEventListener('click', () => (window.clickedAt ??= performance.now()), { capture: true })
  const source = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'srcObject')
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', {
    ...source,
    set(stream) {
      source.set.call(this, stream)
      if (!(stream instanceof MediaStream)) return
      const audio = new AudioContext()
      const analyser = new AnalyserNode(audio, { fftSize: 256 })
      audio.createMediaStreamSource(stream).connect(analyser)
      const samples = new Float32Array(256)
      const timer = setInterval(() => {
        analyser.getFloatTimeDomainData(samples)
        if (Math.max(...samples) < 0.02) return
        window.audibleAt.push(performance.now())
        clearInterval(timer)
        void audio.close()
      }, 4)
    },
  })
}

/** The bare page: the newest calls everybody else. */
const BARE = `<!doctype html><title>bare</title><button>Join</button><script>
const me = Math.random().toString(36).slice(2), peers = new Map()
let microphone
const say = (to, message) => fetch('/say', { method: 'POST', body: JSON.stringify({ from: me, to, ...message }) })
function peer(id) {
  const connection = new RTCPeerConnection()
  peers.set(id, connection)
  connection.onicecandidate = ({ candidate }) => candidate && say(id, { candidate: candidate.toJSON() })
  connection.ontrack = ({ track }) => { const player = new Audio(); player.srcObject = new MediaStream([track]); player.play() }
  connection.addTrack(microphone)
  return connection
}
new EventSource('/heard?me=' + me).onmessage = async ({ data }) => {
  const { from, hello, description, candidate } = JSON.parse(data)
  if (!microphone) return
  if (hello) return say(from, {})
  if (description?.type === 'offer') {
    const connection = peer(from)
    await connection.setRemoteDescription(description)
    await connection.setLocalDescription()
    say(from, { description: connection.localDescription.toJSON() })
  } else if (description) await peers.get(from).setRemoteDescription(description)
  else if (candidate) await peers.get(from).addIceCandidate(candidate)
  else {
    const connection = peer(from)
    await connection.setLocalDescription()
    say(from, { description: connection.localDescription.toJSON() })
  }
}
document.querySelector('button').onclick = async () => {
  microphone = (await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks()[0]
  say(undefined, { hello: true })
}
</script>`

/** People on bare pages. */
async function barePages(browser, count, url) {
  const contexts = []
  const pages = []
  for (const tone of TONES.slice(0, count)) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    const page = await context.newPage()
    await page.addInitScript(instrument, tone)
    await page.goto(url)
    contexts.push(context)
    pages.push(page)
  }
  return { pages, join: (page) => page.getByRole('button').click(), close: () => Promise.all(contexts.map((context) => context.close())) }
}

/** People in one room of the stage. */
async function appPages(browser, count) {
  const contexts = []
  const pages = []
  for (const [index, tone] of TONES.slice(0, count).entries()) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    const page = await context.newPage()
    await page.addInitScript(instrument, tone)
    const host = pages[0]
    await page.goto(host === undefined ? values.site : host.url())
    await page.getByLabel('Your name').fill(`Bench ${index} ${Math.random().toString(36).slice(2, 8)}`)
    await page.getByRole('button', { name: 'Continue' }).click()
    if (host === undefined) {
      await page.getByLabel('Room name').fill('Bench')
      await page.getByRole('button', { name: 'Open room' }).click()
    } else {
      await page.getByRole('button', { name: 'Ask to join' }).click()
      await host.getByRole('region', { name: 'Notices' }).getByRole('button', { name: /^Let in/ }).click()
    }
    await page.getByRole('heading', { name: 'Bench', level: 1 }).waitFor()
    contexts.push(context)
    pages.push(page)
  }
  const join = async (page) => {
    await page.evaluate(() => (window.clickedAt = undefined))
    await page.getByRole('button', { name: /^(Start|Join) voice$/ }).click()
  }
  return { pages, join, close: () => Promise.all(contexts.map((context) => context.close())) }
}

/** Until a page hears so many others. */
async function hears(page, count) {
  await page.waitForFunction((many) => window.audibleAt.length >= many, count, { polling: 20, timeout: 20_000 })
}

/** Milliseconds from the second person's click to the first sample heard. */
async function firstSound(open) {
  const { pages, join, close } = await open(2)
  await join(pages[0])
  await pages[0].waitForTimeout(1_000)
  await join(pages[1])
  await hears(pages[1], 1)
  const taken = await pages[1].evaluate(() => window.audibleAt[0] - window.clickedAt)
  await close()
  return taken
}

/** Part of one core that four people take once all hear each other. */
async function cpuOfFour(open, pid) {
  const { pages, join, close } = await open(4)
  for (const page of pages) {
    await join(page)
    await page.waitForTimeout(300)
  }
  for (const page of pages) await hears(page, 3)
  await pages[0].waitForTimeout(2_000)
  const before = cpuSeconds(pid)
  const began = performance.now()
  await pages[0].waitForTimeout(seconds * 1_000)
  const used = (cpuSeconds(pid) - before) / ((performance.now() - began) / 1_000)
  await close()
  return used
}

/** Seconds that a process and all under it have used. */
function cpuSeconds(root) {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const [, fields] = /^.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
      const parts = (fields ?? '').split(' ')
      return [{ pid: Number(pid), parent: Number(parts[1]), ticks: Number(parts[11]) + Number(parts[12]) }]
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
  const family = new Set([root])
  for (let grown = true; grown; ) {
    const more = processes.filter(({ pid, parent }) => family.has(parent) && !family.has(pid))
    for (const { pid } of more) family.add(pid)
    grown = more.length > 0
  }
  return processes.filter(({ pid }) => family.has(pid)).reduce((sum, { ticks }) => sum + ticks, 0) / 100
}

function median(numbers) {
  const sorted = [...numbers].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)]
}

async function measure(bareUrl) {
  const server = await chromium.launchServer({ executablePath: process.env.CHATCTL_CHROMIUM ?? '/usr/bin/chromium', args: FLAGS })
  const browser = await chromium.connect(server.wsEndpoint())
  const pid = server.process().pid
  const sides = { bare: (count) => barePages(browser, count, bareUrl), app: (count) => appPages(browser, count) }
  const sound = { bare: [], app: [] }
  const cpu = { bare: [], app: [] }
  for (let round = 1; round <= rounds; round += 1) {
    for (const side of ['bare', 'app']) {
      sound[side].push(await firstSound(sides[side]))
      cpu[side].push(await cpuOfFour(sides[side], pid))
      console.error(`round ${round}: ${side} ${sound[side].at(-1).toFixed(0)} ms, ${(100 * cpu[side].at(-1)).toFixed(0)} % of a core`)
    }
  }
  const version = browser.version()
  await server.close()
  return { sound, cpu, version }
}

function row(label, bare, app, aim, show) {
  const ratio = median(app) / median(bare)
  return `| ${label} | ${show(median(bare))} | ${show(median(app))} | ${ratio.toFixed(2)} | at most ${aim} | ${ratio <= aim ? 'reached' : '**not reached**'} |`
}

function section({ sound, cpu, version }) {
  const now = new Date().toISOString().slice(0, 16).replace('T', ' ')
  return `## Voice

Written by \`bench/voice\` on ${now} UTC: ${rounds} rounds, taking turns, medians; ${availableParallelism()} cores, Chromium ${version}.
Each person's microphone hums a tone. The bare pages hold an RTCPeerConnection to each other page and signal through a
few lines of server that forward what they get; the app's pages signal through the stage \`local\`, functions and all. Processor
time is that of the whole browser, drawing included.

|  | bare pages | web app | ratio | aim |  |
|---|---|---|---|---|---|
${row('the second of two people hears the first, after the click', sound.bare, sound.app, 1.5, (ms) => `${ms.toFixed(0)} ms`)}
${row('four people talking, part of one core', cpu.bare, cpu.app, 1.3, (part) => `${(100 * part).toFixed(0)} %`)}
`
}

/** Replaces the section, or adds it at the end. */
function write(path, text) {
  const page = readFileSync(path, 'utf8')
  const kept = `${MARKS[0]}\n${text}${MARKS[1]}\n`
  const [before, rest] = page.split(MARKS[0])
  writeFileSync(path, rest === undefined ? `${page.trimEnd()}\n\n${kept}` : before + kept + rest.split(`${MARKS[1]}\n`)[1])
}

/** The bare page, and the way between two of them. */
const listeners = new Map()
const server = createServer((request, response) => {
  if (request.url === '/say') {
    const parts = []
    request.on('data', (part) => parts.push(part))
    request.on('end', () => {
      const text = Buffer.concat(parts).toString()
      const { from, to } = JSON.parse(text)
      for (const [id, listener] of listeners) if (id !== from && (to === undefined || to === id)) listener.write(`data: ${text}\n\n`)
      response.end()
    })
  } else if (request.url.startsWith('/heard?me=')) {
    const id = request.url.split('=')[1]
    listeners.set(id, response)
    request.on('close', () => listeners.delete(id))
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  } else response.setHeader('content-type', 'text/html').end(BARE)
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
try {
  const text = section(await measure(`http://127.0.0.1:${server.address().port}/`))
  console.log(text)
  if (values.write !== undefined) write(values.write, text)
} finally {
  server.closeAllConnections()
  server.close()
}
