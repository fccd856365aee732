// Texts that are hard to read: those whose contrast with what is behind them is below WCAG 2.2's 4.5 to 1 (success
// criterion 1.4.3; https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio), each with its contrast.
(() => {
  const parse = (color) => {
    const numbers = color.match(/[\d.]+/g).map(Number);
    return { rgb: numbers.slice(0, 3), alpha: numbers[3] ?? 1 };
  };
  const luminance = (rgb) => {
    const [red, green, blue] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const background = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const { rgb, alpha } = parse(getComputedStyle(at).backgroundColor);
      if (alpha === 1) return rgb;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const node of document.querySelectorAll("main *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim());
    if (!own || !node.checkVisibility()) continue;
    const text = luminance(parse(getComputedStyle(node).color).rgb);
    const behind = luminance(background(node));
    const contrast = (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
    if (contrast < 4.5) found.push(`${contrast.toFixed(2)}: ${node.className} ${node.textContent.slice(0, 40)}`);
  }
  return found;
})()
