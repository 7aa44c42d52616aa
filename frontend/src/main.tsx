/** Starts the application in a browser. */

import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './state/app'
import { storageOf } from './state/memory'
import { Router } from './state/route'
import { browserEnvironment } from './transport/environment'
import { browserSocket } from './transport/socket'
import { AppView } from './ui/AppView'
import './ui/base.css'
import { Theme } from './ui/theme'
import { browserVoice } from './voice/parts'

const theme = new Theme(window)
const app = new App({
  fetcher: (input, init) => fetch(input, init),
  environment: browserEnvironment,
  openSocket: browserSocket,
  voice: browserVoice(),
  router: new Router(window),
  browserStorage: storageOf(() => window.localStorage),
  tabStorage: storageOf(() => window.sessionStorage),
})

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element #root')
createRoot(root).render(
  <StrictMode>
    <AppView app={app} theme={theme} />
  </StrictMode>,
)
window.addEventListener('pagehide', () => app.pageHidden())
void app.start()
