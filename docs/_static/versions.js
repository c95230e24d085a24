// The switcher of versions: a list beside the folders of the versions, loaded as a script so that it works from files too.
document.addEventListener("DOMContentLoaded", () => {
  const selects = document.querySelectorAll(".rare-versions"); // the theme shows one at the top, or one in the menu
  const root = document.documentElement.dataset.content_root || "./";
  const list = document.createElement("script");
  list.src = `${root}../switcher.js`;
  list.onload = () => {
    for (const select of selects) {
      select.replaceChildren(
        ...window.rareVersions.map(({ name, url }) => {
          const here = name === select.dataset.version;
          return new Option(name, `${root}../${url}`, here, here);
        }),
      );
      select.addEventListener("change", () => window.location.assign(select.value));
    }
  };
  document.head.append(list);
});
