"""The style sheet of the HTML report, light and dark."""

STYLE = """\
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2126; --quiet: #5b6670; --rule: #d9dfe4; --band: #f5f7f9;
  --pass: #11713c; --fail: #b3211e; --not-run: #8a5a00;
  --line0: #2563c9; --line1: #c2570c; --line2: #7a3fb5; --line3: #0b7f79; --line4: #b0286f; --line5: #6b6f00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e6eaee; --quiet: #9aa6b1; --rule: #333c45; --band: #1b2127;
    --pass: #5fd393; --fail: #ff8a80; --not-run: #f0b95a;
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
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 0.35rem 0.6rem; border-bottom: 1px solid var(--rule); text-align: left; white-space: nowrap; }
th { color: var(--quiet); font-weight: 600; }
tbody tr:nth-child(even) { background: var(--band); }
ul { padding-left: 1.2rem; overflow-wrap: anywhere; }
figure { margin: 1rem 0; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--quiet); }
.grid { stroke: var(--rule); }
polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
line.tolerance { stroke: var(--fail); stroke-dasharray: 6 4; }
svg text.tolerance { fill: var(--fail); }
.key { display: inline-block; width: 0.9em; height: 0.25em; margin: 0 0.35em 0.2em 0; border-radius: 2px; }
details { margin: 0.8rem 0; }
summary { cursor: pointer; }
@media print { details > * { display: block; } }
"""
