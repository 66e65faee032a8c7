using System.Security.Cryptography;
using System.Text;

namespace Plumbline.Reports;

/// <summary>The page's one style sheet and the policy that lets it, and nothing else, in.</summary>
internal static class HtmlStyle
{
    /// <summary>The style sheet. Line ends are LF, whatever the source was checked out with: the policy hashes the bytes.</summary>
    public static string Sheet { get; } = """

        :root{color-scheme:light dark;--paper:#faf9f6;--card:#fff;--ink:#1b1d21;--soft:#575b63;--rule:#e3e0d8;--faint:#f1efe9;--accent:#1c4e80;--bad:#a3271f;--warn:#7d5200;--good:#23633f;
        --scored:#1c4e80;--refused:#7b5ea7;--unparsable:#b98a1b;--errored:#b3392e;--skipped:#a9abb0;--trouble:#a3271f1c;--goal:#23633f17}
        @media (prefers-color-scheme:dark){:root{--paper:#131519;--card:#1a1d22;--ink:#e9e7e2;--soft:#a6abb4;--rule:#30343b;--faint:#22262c;--accent:#8fbcea;--bad:#ff9c90;--warn:#e6bb62;--good:#84cfa2;
        --scored:#6fa5db;--refused:#a98fd6;--unparsable:#d9b04f;--errored:#ec7a6d;--skipped:#6b7079;--trouble:#ff9c9024;--goal:#84cfa21f}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.6 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans","PingFang SC","Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC","Source Han Sans SC","WenQuanYi Micro Hei",sans-serif;font-variant-numeric:tabular-nums}
        .wrap{max-width:1080px;margin:0 auto;padding:0 32px}
        code,.mono{font-family:ui-monospace,"Cascadia Mono","SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Noto Sans Mono CJK SC","WenQuanYi Micro Hei Mono",monospace;font-size:.86em;overflow-wrap:anywhere}
        a{color:var(--accent)}
        :focus-visible{outline:3px solid var(--accent);outline-offset:3px;border-radius:4px}
        .skip{position:absolute;left:-9999px}.skip:focus{left:16px;top:12px;background:var(--card);padding:8px 14px;z-index:2}
        .top{padding:36px 0 0}
        .brand{display:flex;gap:10px;align-items:center;font-size:.86rem;letter-spacing:.08em;text-transform:uppercase;color:var(--soft);font-weight:600}
        .brand svg{flex:none}.brand .line{stroke:var(--soft)}.brand .bob{fill:var(--accent)}
        h1{font-size:1.05rem;font-weight:500;color:var(--soft);margin:28px 0 0;overflow-wrap:anywhere}
        h1 b{color:var(--ink);font-weight:600}
        .verdict{margin:10px 0 0;padding:4px 0 4px 24px;border-left:4px solid var(--tone)}
        .verdict p{margin:0;font-size:1.72rem;line-height:1.36;font-weight:600;letter-spacing:-.012em;text-wrap:pretty}
        :lang(zh) .verdict p{letter-spacing:0;font-size:1.6rem;line-height:1.5}
        .verdict .tag{margin-bottom:10px}
        .v-bad{--tone:var(--bad)}.v-warn{--tone:var(--warn)}.v-good{--tone:var(--good)}
        .tag{display:inline-block;font-size:.78rem;font-weight:650;line-height:1;padding:5px 9px;border-radius:99px;border:1.5px solid currentColor;white-space:nowrap}
        .verdict .tag{color:var(--tone)}
        .facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:18px 28px;margin:34px 0 0;padding:0}
        .facts dt{font-size:.8rem;color:var(--soft)}.facts dd{margin:2px 0 0;font-size:1.22rem;font-weight:600;line-height:1.3;overflow-wrap:anywhere}.facts small{display:block;font-size:.8rem;font-weight:400;color:var(--soft)}
        nav{margin:34px 0 0;border-top:1px solid var(--rule);border-bottom:1px solid var(--rule)}
        nav ul{display:flex;flex-wrap:wrap;gap:4px 22px;list-style:none;margin:0;padding:10px 0;font-size:.9rem}
        nav a{text-decoration:none;display:inline-block;padding:3px 0}nav a:hover{text-decoration:underline}
        section{margin:64px 0 0}
        h2{font-size:1.4rem;line-height:1.3;font-weight:650;letter-spacing:-.01em;margin:0 0 6px}
        h3{font-size:1.06rem;line-height:1.4;font-weight:650;margin:0}
        h2+.card,h2+.panels{margin-top:18px}.lead{color:var(--soft);margin:0 0 22px;max-width:76ch;text-wrap:pretty}
        .sub{margin:36px 0 4px}
        .soft{color:var(--soft)}.bad{color:var(--bad)}.good{color:var(--good)}.warn{color:var(--warn)}
        .card{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:22px 26px;margin:0 0 18px;break-inside:avoid}
        .finding{border-left:5px solid var(--tone)}
        .s-low{--tone:var(--soft)}.s-medium{--tone:var(--warn)}.s-high,.s-critical{--tone:var(--bad)}
        .s-critical .tag{background:var(--bad);border-color:var(--bad);color:var(--card)}
        .finding .tag{color:var(--tone)}.finding.s-critical .tag{color:var(--card)}
        .finding header{display:flex;flex-wrap:wrap;gap:6px 14px;align-items:center;margin-bottom:12px}
        .finding header code{color:var(--soft)}
        .finding .two{display:grid;grid-template-columns:minmax(220px,5fr) 7fr;gap:14px 40px;align-items:start}
        .figure{font-size:2rem;font-weight:650;line-height:1.15;letter-spacing:-.02em;color:var(--tone)}
        .figure small{display:block;font-size:.86rem;font-weight:400;letter-spacing:0;color:var(--soft);margin-top:6px;line-height:1.5}
        dl.pairs{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:5px 20px;margin:0;font-size:.92rem}
        dl.pairs dt{color:var(--soft)}dl.pairs dd{margin:0;overflow-wrap:anywhere}
        .meaning{margin:14px 0 0;max-width:78ch;font-size:.95rem}
        details{margin:14px 0 0}
        summary{cursor:pointer;color:var(--accent);font-size:.92rem;padding:3px 0;width:fit-content;max-width:100%}
        summary:hover{text-decoration:underline}
        .example{border:1px solid var(--rule);border-radius:9px;margin:12px 0 0;background:var(--paper);overflow:hidden;break-inside:avoid}
        .example header{display:flex;flex-wrap:wrap;gap:4px 12px;align-items:center;margin:0;padding:9px 14px;border-bottom:1px solid var(--rule);font-size:.82rem;color:var(--soft)}
        .example .why{margin:0;padding:9px 14px;border-top:1px solid var(--rule);font-size:.85rem;color:var(--soft);overflow-wrap:anywhere}
        .turn{padding:10px 14px}.turn+.turn{border-top:1px dashed var(--rule)}
        .turn .who{margin:0 0 3px;font-size:.76rem;font-weight:600;color:var(--soft);letter-spacing:.02em}
        .hazard{white-space:pre-wrap;overflow-wrap:anywhere;overflow:hidden;font-size:.9rem;line-height:1.55;max-height:26em;overflow-y:auto;border-radius:4px;unicode-bidi:isolate;contain:paint;filter:blur(5px);transition:filter .12s}
        .hazard:hover,.hazard:focus,.hazard:focus-within{filter:none}
        .empty{color:var(--soft);font-style:italic}
        .chip{display:inline-flex;gap:6px;align-items:center;font-size:.82rem;white-space:nowrap}
        .chip::before{content:"";width:10px;height:10px;border-radius:3px;background:var(--c);flex:none}
        .c-scored{--c:var(--scored)}.c-refused{--c:var(--refused)}.c-unparsable{--c:var(--unparsable)}.c-errored{--c:var(--errored)}.c-skipped{--c:var(--skipped)}
        .legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:0 0 14px;color:var(--soft);padding:0;list-style:none}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:.9rem}
        caption{text-align:left;color:var(--soft);font-size:.86rem;padding:0 0 10px}
        th,td{text-align:left;vertical-align:top;padding:9px 14px 9px 0;border-top:1px solid var(--rule);overflow-wrap:anywhere}
        thead th{font-weight:600;font-size:.8rem;color:var(--soft);border-top:0;white-space:nowrap}
        tbody th{font-weight:500}
        td.num,th.num{text-align:right;white-space:nowrap}
        tr.group th{padding:26px 0 8px;border-top:0;font-weight:400}
        tr.group h3{display:inline;margin-right:10px}
        tr.group p{margin:4px 0 0;color:var(--soft);font-size:.88rem;max-width:86ch}
        .col-o{min-width:170px}
        .counts{display:block;font-size:.78rem;color:var(--soft);margin-top:2px}
        .reason{display:block;font-size:.84rem;color:var(--soft);margin-top:2px}
        svg.bar{display:block;border-radius:3px;margin-top:7px}
        svg.chart{display:block;overflow:visible}
        svg text{font-size:12px;fill:var(--soft)}svg text{font-weight:400;letter-spacing:0}svg .label{fill:var(--ink);font-size:12.5px;paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}svg .value{font-size:12.5px;fill:var(--ink)}svg .value.bad{fill:var(--bad);font-weight:650}svg .value.good{fill:var(--good);font-weight:650}svg .value.strong{font-weight:650}
        svg .tick{font-size:11px}svg .corner{font-size:11.5px;font-style:italic}:lang(zh) svg .corner{font-style:normal}svg .axis{font-size:12px}
        .grid{stroke:var(--rule);stroke-width:1}.zero{stroke:var(--soft);stroke-width:1.5}.rail{stroke:var(--rule);stroke-width:1}.trouble{fill:var(--trouble)}.goal{fill:var(--goal)}
        .threshold{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:3 2}
        .whisker{stroke:var(--accent);stroke-width:2.5;stroke-linecap:round}.whisker.bad{stroke:var(--bad)}.whisker.good{stroke:var(--good)}.whisker.twin{stroke:var(--good);stroke-width:2}.whisker.strong{stroke:var(--ink);stroke-width:2}
        .dot{fill:var(--accent);stroke:var(--card);stroke-width:1.5}.dot.bad{fill:var(--bad)}.dot.good{fill:var(--good)}.dot.strong{fill:var(--ink)}.dot.twin{fill:var(--card);stroke:var(--good);stroke-width:2.5}
        .family{fill:var(--accent);fill-opacity:.75;stroke:var(--card)}
        .bridge{stroke:var(--soft);stroke-width:1.5;stroke-dasharray:1 3;stroke-linecap:round}
        rect.scored{fill:var(--scored)}rect.refused{fill:var(--refused)}rect.unparsable{fill:var(--unparsable)}rect.errored{fill:var(--errored)}rect.skipped{fill:var(--skipped)}
        .panels+.card,pre+dl{margin-top:18px}.figure svg{margin-top:14px}.panels{align-items:start;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));gap:18px}
        figure{margin:0}.panels figure,.panels .card{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:18px 20px 14px;margin:0;break-inside:avoid}
        figcaption{font-weight:600;font-size:.95rem;margin-bottom:8px}figcaption code{font-weight:400;color:var(--soft);margin-left:6px}
        .beside{display:grid;grid-template-columns:minmax(0,640px) minmax(0,1fr);gap:12px 44px;align-items:center}.beside .lead{margin:0}.key{list-style:none;padding:0;margin:16px 0 0;font-size:.88rem}.key li{display:flex;gap:10px;align-items:center;margin:5px 0}.key svg{flex:none}
        .big{font-size:1.5rem;font-weight:650;line-height:1.3;margin:8px 0 2px}.even{align-items:stretch}
        .tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,190px),1fr));gap:10px;list-style:none;padding:0;margin:0}
        .tiles li{border:1px solid var(--rule);border-radius:10px;padding:12px 14px;background:var(--card);border-top:4px solid var(--tone);break-inside:avoid;overflow-wrap:anywhere}
        .tiles b{display:block;font-weight:600;font-size:.93rem;line-height:1.35}.tiles code{color:var(--soft);font-size:.75rem;display:block}
        .tiles span{display:block;font-size:.84rem;margin-top:6px;color:var(--tone);font-weight:600}.tiles small{display:block;color:var(--soft);font-size:.78rem;line-height:1.45;margin-top:4px}
        .t-bad{--tone:var(--bad)}.t-good{--tone:var(--good)}.t-none{--tone:var(--warn)}.t-info{--tone:var(--accent)}.tiles .t-not{--tone:var(--soft);border-style:dashed;background:transparent}
        .t-not span{font-weight:400}
        pre{margin:0;padding:14px 16px;background:var(--faint);border-radius:9px;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.86rem;line-height:1.5}
        ul.plain{margin:0;padding-left:20px}ul.plain li{margin:4px 0;overflow-wrap:anywhere}
        .how{padding-left:22px;max-width:76ch}.how li{margin:8px 0}
        footer{margin:72px 0 0;padding:22px 0 60px;border-top:1px solid var(--rule);color:var(--soft);font-size:.85rem}
        @media (max-width:720px){
        body{font-size:15.5px}.wrap{padding:0 18px}.top{padding-top:22px}.verdict{padding-left:16px}.verdict p,:lang(zh) .verdict p{font-size:1.34rem}
        section{margin-top:48px}.facts{grid-template-columns:1fr 1fr;gap:16px 20px}.card{padding:18px}.finding .two,.beside{grid-template-columns:minmax(0,1fr)}
        dl.pairs{grid-template-columns:minmax(0,1fr)}dl.pairs dd{margin-bottom:6px}
        table.stack,table.stack tbody,table.stack tr,table.stack td,table.stack th{display:block}
        table.stack caption{display:block}table.stack thead{position:absolute;left:-9999px}
        table.stack tr{border-top:1px solid var(--rule);padding:10px 0}table.stack tr.group{border-top:0;padding:18px 0 0}
        table.stack td,table.stack th{border:0;padding:2px 0;text-align:left;white-space:normal}
        table.stack td{display:grid;grid-template-columns:118px minmax(0,1fr);gap:10px}
        table.stack td::before{content:attr(data-label);color:var(--soft);font-size:.82rem}
        table.stack td.none{display:none}
        .tiles{grid-template-columns:1fr 1fr}}
        @media print{
        :root{--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--rule:#bbb;--faint:#f4f4f4;--accent:#1c4e80;--bad:#a3271f;--warn:#7d5200;--good:#23633f;--trouble:#a3271f1c;--goal:#23633f17;--scored:#1c4e80;--refused:#7b5ea7;--unparsable:#b98a1b;--errored:#b3392e;--skipped:#a9abb0}
        body{font-size:10.5pt}nav,.skip{display:none}.wrap{max-width:none;padding:0}section{margin-top:28pt}.hazard{filter:none;max-height:none}thead{display:table-header-group}tr{break-inside:avoid}h2,h3,.lead,tr.group,caption{break-after:avoid}.panels{grid-template-columns:1fr 1fr}.facts{grid-template-columns:repeat(6,1fr);gap:10pt}
        svg,.tag,.chip::before,.tiles li{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        @media (prefers-reduced-motion:reduce){.hazard{transition:none}}
        @media (forced-colors:active){.hazard{filter:none}svg.chart,svg.bar{forced-color-adjust:none}}

        """.Replace("\r\n", "\n", StringComparison.Ordinal);

    /// <summary>The content policy: no script, no request, no form; one style sheet, by its hash.</summary>
    public static string Policy { get; } =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Sheet)))}'; img-src data:; base-uri 'none'; form-action 'none'";
}
