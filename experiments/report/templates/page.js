document.querySelectorAll("table.sortable").forEach(function (table) {
  table.querySelectorAll("thead button").forEach(function (button, place) {
    button.addEventListener("click", function () {
      var head = button.parentElement, body = table.tBodies[0];
      var now = head.getAttribute("aria-sort"), up = now === null ? place === 0 : now === "descending";
      table.querySelectorAll("thead th").forEach(function (th) { th.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      Array.from(body.rows).sort(function (a, b) {
        var x = a.cells[place].dataset.v, y = b.cells[place].dataset.v;
        if (x === "" || y === "") return (x === "") - (y === "");
        var order = place === 0 ? x.localeCompare(y) : Number(x) - Number(y);
        return up ? order : -order;
      }).forEach(function (row) { body.appendChild(row); });
    });
  });
});
