/**
 * The page's style: light and dark by what the reader prefers, one column on a phone, paper without
 * what is only for screens. The tones are told apart also by those who see few colours (Okabe and
 * Ito 2008, made lighter in the dark).
 */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--page:#f6f5f2;--card:#fff;--ink:#1d2327;--soft:#5c666d;--line:#e2e0da;--accent:#0072b2;
--t0:#0072b2;--t1:#d55e00;--t2:#56b4e9;--t3:#0072b2;--t4:#b9c4ca;--t5:#e69f00;--t6:#d55e00;--t7:#8a8f98;--t8:#c0392b;--t9:#cc79a7;--t10:#009e73}
@media (prefers-color-scheme:dark){:root{--page:#14181b;--card:#1d2327;--ink:#e8eaec;--soft:#a3adb4;--line:#343c42;--accent:#6cb8ee;
--t0:#4aa3e0;--t1:#f08a3c;--t2:#8fd0f7;--t3:#3f93d1;--t4:#5d6a73;--t5:#f2b632;--t6:#f08a3c;--t7:#98a0a8;--t8:#ee6a5b;--t9:#e09cc4;--t10:#2dbb92}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:1200px;margin:0 auto;padding:28px 16px 48px}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 4px}
h2{font-size:1.05rem;margin:0 0 6px}
h2 small{font-weight:400;color:var(--soft);font-size:.85rem}
p{margin:0 0 8px}
.about,.note{color:var(--soft);font-size:.92rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:12px;margin:20px 0;padding:0;list-style:none}
.cards li,figure,.words,.empty{background:var(--card);border:1px solid var(--line);border-radius:12px}
.cards li{padding:12px 14px}
.cards b{display:block;white-space:nowrap;font-size:1.4rem;line-height:1.25;font-variant-numeric:tabular-nums}
.cards span{color:var(--soft);font-size:.85rem}
.cards li:not(.main) b{font-size:1.1rem}
.month{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px;margin-top:20px}
.sum{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 14px}.sum b{font-size:2.2rem;line-height:1.1;font-variant-numeric:tabular-nums}
.month .about{margin:0}
.gauge{position:relative;height:12px;border-radius:6px;background:var(--line);margin:4px 0 8px;overflow:hidden}
.gauge i{position:absolute;left:0;top:0;bottom:0;border-radius:6px}.gauge .will{background:var(--t2)}.gauge .has{background:var(--t0)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:16px}
figure{margin:0;padding:16px;min-width:0}
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;margin:0 0 6px;padding:0;list-style:none;font-size:.82rem;color:var(--soft)}
.legend i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px;background:currentColor}
.legend i.line{border-radius:50%}
.legend i.rule{height:3px;vertical-align:middle}
.legend i.dashes{border-radius:50%;background:none;border:2px solid currentColor}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font-size:12px;fill:var(--soft);font-variant-numeric:tabular-nums}
svg .x{text-anchor:middle}svg .y{text-anchor:end}
.grid{stroke:var(--line);fill:none}
path.line,path.dashes,path.rule{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}
path.dashes{stroke-dasharray:5 4}
path.rule{stroke-width:1.5;stroke-dasharray:2 3}
rect.m,circle.line{fill:currentColor}
circle.dashes{fill:var(--card);stroke:currentColor;stroke-width:1.5}
.t0{color:var(--t0)}.t1{color:var(--t1)}.t2{color:var(--t2)}.t3{color:var(--t3)}.t4{color:var(--t4)}
.t5{color:var(--t5)}.t6{color:var(--t6)}.t7{color:var(--t7)}.t8{color:var(--t8)}.t9{color:var(--t9)}.t10{color:var(--t10)}
details{margin-top:8px;font-size:.88rem}
summary{cursor:pointer;color:var(--accent);width:max-content}
.wide{overflow-x:auto;max-height:22rem;margin-top:6px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding-bottom:4px}
th,td{padding:3px 8px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th[scope=row]{text-align:left;font-weight:400}
.words th[scope=row]{white-space:normal;overflow-wrap:anywhere;min-width:12rem}.words thead th:first-child{text-align:left}
thead th{font-weight:600}
.words{margin-top:16px;padding:16px}
dl{margin:0;columns:2 420px;column-gap:32px}
dt{font-weight:600;break-after:avoid}
dd{margin:0 0 12px;color:var(--soft);break-inside:avoid}
a{color:var(--accent)}
.means{font-size:.85rem;margin:6px 0 0}
.empty{padding:48px 24px;text-align:center;margin-top:24px}
.empty b{font-size:1.25rem}
@media (max-width:600px){svg text{font-size:14px}main{padding-top:18px}figure{padding:12px}.cards{grid-template-columns:1fr 1fr}}
@media print{:root{color-scheme:light;--page:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc}
body{font-size:11pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}
main{max-width:none;padding:0}figure,.cards li,.words,.month{break-inside:avoid}details{display:none}.plots{grid-template-columns:1fr 1fr}
.cards{grid-template-columns:repeat(5,1fr)}.cards b{font-size:1.1rem}}
`.trim();
