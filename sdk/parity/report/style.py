"""The style sheet of the HTML report, light and dark."""

STYLE = """\
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2126; --quiet: #5b6670; --rule: #d9dfe4; --band: #f5f7f9;
  --pass: #11713c; --fail: #b3211e; --not-run: #8a5a00;
  --reference: #c3cbd3;
  --line0: #2563c9; --line1: #c2570c; --line2: #7a3fb5; --line3: #0b7f79; --line4: #b0286f; --line5: #6b6f00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e6eaee; --quiet: #9aa6b1; --rule: #333c45; --band: #1b2127;
    --pass: #5fd393; --fail: #ff8a80; --not-run: #f0b95a;
    --reference: #4d5965;
    --line0: #7aa9ff; --line1: #ffa366; --line2: #c79bff; --line3: #5fd6cd; --line4: #ff8ec4; --line5: #d3d65f;
  }
}
body {
  max-width: 1200px; margin: 2rem auto; padding: 0 1rem;
  background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin-top: 2.5rem; overflow-wrap: anywhere; }
.quiet, figcaption { color: var(--quiet); }
.pass { color: var(--pass); }
.fail { color: var(--fail); }
.not-run { color: var(--not-run); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; min-width: 60%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 0.35rem 0.5rem; border-bottom: 1px solid var(--rule); text-align: left; white-space: nowrap; }
th { color: var(--quiet); font-weight: 600; white-space: normal; vertical-align: bottom; }
tbody tr:nth-child(even) { background: var(--band); }
p.verdict { padding: 0.7rem 1rem; border-left: 0.4rem solid currentColor; background: var(--band); font-size: 1.1rem; }
th.n, td.n { text-align: right; }
td.prose { white-space: normal; min-width: 11rem; color: var(--quiet); }
ul { padding-left: 1.2rem; overflow-wrap: anywhere; }
figure { margin: 1rem 0; }
svg { width: 100%; min-width: 26rem; height: auto; display: block; font: 12px system-ui, sans-serif; }
svg.large { min-width: 44rem; }
svg text { fill: var(--quiet); }
.grid { stroke: var(--rule); }
.level { stroke: var(--quiet); stroke-dasharray: 5 4; }
polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
polyline.reference { stroke: var(--reference); stroke-width: 4; }
polyline.candidate { stroke: var(--line0); }
.key.reference { background: var(--reference); }
.key.candidate { background: var(--line0); }
rect.sound { fill: var(--line0); }
line.sound { stroke: var(--line0); stroke-width: 1.5; }
rect.bilabial { fill: var(--line1); }
line.bilabial { stroke: var(--line1); stroke-width: 1.5; }
.key.bilabial { background: var(--line1); }
line.group { stroke: var(--reference); stroke-width: 2; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 0 1.5rem; }
line.tolerance { stroke: var(--fail); stroke-dasharray: 6 4; }
svg text.tolerance { fill: var(--fail); }
.key { display: inline-block; width: 0.9em; height: 0.25em; margin: 0 0.35em 0.2em 0; border-radius: 2px; }
details { margin: 0.8rem 0; }
summary { cursor: pointer; }
details .wide + .wide { margin-top: 1rem; }
@media print { details > * { display: block; } }
"""
