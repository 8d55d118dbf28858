/** How the page looks: plain, dense, readable on a phone, light or dark as the browser asks. */
export const STYLE = `
:root { color-scheme: light dark; --line: #8884; --quiet: light-dark(#555, #aaa); --note: light-dark(#b45309, #f59e0b); }
body { font: 15px/1.4 system-ui, sans-serif; margin: 1rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.3rem 0 .2rem; }
p { margin: .25rem 0; } small { color: var(--quiet); display: block; }
a { color: light-dark(#1d4ed8, #93b4ff); }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
th { font-weight: 600; color: var(--quiet); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.text { white-space: normal; min-width: 16rem; overflow-wrap: anywhere; padding-right: 0; }
.mode { font-weight: 600; color: var(--note); } .answer { font-size: 1.15rem; font-weight: 600; margin-top: .8rem; }
.note { border-left: 4px solid var(--note); padding: .3rem .8rem; margin: .6rem 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.columns { display: flex; flex-wrap: wrap; gap: 0 4rem; }
details { margin-top: 1.2rem; } summary { cursor: pointer; font-weight: 600; }
@media (max-width: 40rem) { .wide { display: none; } .text { min-width: 9rem; } th, td { padding-right: .6rem; } }
pre { overflow-x: auto; padding: .6rem; border: 1px solid var(--line); }
`;
