"use strict";
{
  const bar = document.querySelector(".filter");
  const buttons = [...bar.querySelectorAll("button")];
  const shown = document.getElementById("shown");
  const entries = [...document.querySelectorAll(".entry")];

  const matches = (element, verdict) => !verdict || element.dataset.v.split(" ").includes(verdict);

  // Hide what has nothing left to show: rows without a matching cell, folds and sections without a matching claim.
  const show = (verdict) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.filter === verdict));
    for (const element of document.querySelectorAll("[data-v]")) {
      const off = !matches(element, verdict);
      if (element.localName === "td") element.classList.toggle("off", off);
      else element.hidden = off;
    }
    for (const row of document.querySelectorAll(".print tbody tr")) {
      row.hidden = !row.querySelector("td[data-v]:not(.off)");
    }
    for (const table of document.querySelectorAll(".part > .scroll")) {
      table.hidden = !table.querySelector("tbody tr:not([hidden])");
    }
    for (const part of document.querySelectorAll("details.exact, .part, .paper")) {
      part.hidden = !part.querySelector(".entry:not([hidden])");
    }
    const count = entries.filter((entry) => !entry.hidden).length;
    shown.textContent = verdict
      ? `${count} of ${entries.length} claims shown: ${verdict.replace("-", " ")}.`
      : `All ${entries.length} claims are shown.`;
  };

  for (const button of buttons) button.addEventListener("click", () => show(button.dataset.filter));

  // A link leads to what may be folded away or filtered out.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) show("");
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
  };

  bar.hidden = false;
  show("");
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();
}
