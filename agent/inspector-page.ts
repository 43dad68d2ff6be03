/** The page of the inspector. What it shows comes from visitors, and gets into it as text alone. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tunnel</title>
<style>
  :root { color-scheme: light dark; --line: light-dark(#ddd, #444); --soft: light-dark(#666, #aaa); --mark: light-dark(#eef4ff, #1e2a40) }
  * { box-sizing: border-box }
  body { margin: 0; font: 14px/1.5 system-ui, sans-serif; display: grid; grid-template-columns: minmax(20rem, 2fr) 3fr; height: 100vh }
  main, nav { overflow: auto } nav { border-right: 1px solid var(--line) }
  h1 { font-size: 1rem; padding: .75rem 1rem; margin: 0; border-bottom: 1px solid var(--line) }
  h2 { font-size: .875rem; margin: 1.25rem 0 .25rem }
  nav button { all: unset; box-sizing: border-box; display: grid; grid-template-columns: 4.5rem 1fr 3rem 4.5rem; gap: .5rem; width: 100%;
    padding: .375rem 1rem; cursor: pointer; border-bottom: 1px solid var(--line) }
  nav button:hover, nav button[aria-current=true] { background: var(--mark) }
  nav button:focus-visible { outline: 2px solid; outline-offset: -2px }
  nav span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap } nav span:last-child { text-align: right; color: var(--soft) }
  main { padding: 0 1rem 2rem } p { color: var(--soft); padding: 0 1rem }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0; font: 12px/1.6 ui-monospace, monospace }
  dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
  pre { font: 12px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; padding: .75rem; margin: .5rem 0; border: 1px solid var(--line) }
  .bad { color: light-dark(#b00020, #ff8a8a) } .good { color: light-dark(#0a7a33, #6fd58f) }
  @media (max-width: 50rem) { body { grid-template-columns: 1fr; height: auto } nav { max-height: 45vh; border-right: 0 } }
</style>
<nav aria-label="Requests"><h1>Requests</h1><div id="list"><p>None yet.</p></div></nav>
<main id="detail"><p>Choose a request.</p></main>
<script>
  const list = document.getElementById('list'), detail = document.getElementById('detail')
  let chosen = null, shown = ''
  const make = (tag, text, name) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (name) e.className = name; return e }
  const ask = async (path, options) => { const r = await fetch(path, options); const body = await r.json(); if (!r.ok) throw new Error(body.error); return body }
  const tone = (status) => status === null ? '' : status >= 400 ? 'bad' : 'good'
  async function refresh() {
    const { requests } = await ask('/requests')
    const now = JSON.stringify([requests, chosen])
    if (now === shown) return
    shown = now
    if (requests.length === 0) return
    const focused = document.activeElement?.dataset?.id
    list.replaceChildren(...requests.map((each) => {
      const row = make('button')
      row.dataset.id = each.id
      row.setAttribute('aria-current', String(each.id === chosen))
      row.append(make('span', each.method), make('span', each.path), make('span', each.status ?? '…', tone(each.status)),
        make('span', each.ms === null ? '' : each.ms + ' ms'))
      row.onclick = () => { chosen = each.id; refresh(); show() }
      return row
    }))
    if (focused) list.querySelector('[data-id="' + focused + '"]')?.focus()
    if (chosen !== null) show()
  }
  function message(name, part) {
    const section = make('section')
    section.append(make('h2', name))
    if (part === null) { section.append(make('p', 'There is no answer yet.')); return section }
    const headers = make('dl')
    for (const [key, value] of part.headers) headers.append(make('dt', key), make('dd', value))
    section.append(headers)
    if (part.bytes > 0) {
      let text = part.body
      try { if (!part.is_cut && !part.is_base64) text = JSON.stringify(JSON.parse(text), null, 2) } catch {}
      section.append(make('pre', text))
    }
    if (part.is_cut) section.append(make('p', 'The first 64 kB of ' + part.bytes + ' bytes.'))
    return section
  }
  async function show() {
    const { request: each } = await ask('/requests/' + chosen)
    const again = make('button', 'Send again')
    const said = make('span')
    again.onclick = async () => {
      try { const { id } = await ask('/requests/' + each.id + '/replay', { method: 'POST' }); chosen = id; setTimeout(refresh, 100) }
      catch (error) { said.textContent = ' ' + error.message; said.className = 'bad' }
    }
    const title = make('h1', each.method + ' ' + each.path + (each.replay_of === null ? '' : ' (again)'))
    title.style.overflowWrap = 'anywhere'
    detail.replaceChildren(title, again, said, message('Request', each.request),
      message('Answer' + (each.status === null ? '' : ' ' + each.status + ' in ' + each.ms + ' ms'), each.response))
  }
  const loop = () => refresh().catch(() => {}).finally(() => setTimeout(loop, 1000))
  loop()
</script>
</html>
`
