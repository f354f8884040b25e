// Sliders, views and the classes under the pointer. Without it, the pictures lie side by side.
(() => {
  'use strict';
  document.documentElement.classList.add('js');

  const legend = new Map(); // class names by colour, 0xRRGGBB
  const cache = new WeakMap(); // colours of a label map
  const filter = { colour: null, onlyChanged: false };

  function colourOf(text) {
    return parseInt(text.slice(1), 16);
  }

  // Colours of a label map, one number for each pixel.
  function pixelsOf(image) {
    if (!cache.has(image)) {
      const canvas = document.createElement('canvas');
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      const context = canvas.getContext('2d', { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const pixels = new Uint32Array(canvas.width * canvas.height);
      for (let i = 0; i < pixels.length; i++) {
        pixels[i] = (data[4 * i] << 16) | (data[4 * i + 1] << 8) | data[4 * i + 2];
      }
      cache.set(image, pixels);
    }
    return cache.get(image);
  }

  // Draw the pixels of one layer that pass the filter.
  function drawLayer(layer, own, other) {
    const image = layer.querySelector('img');
    let canvas = layer.querySelector('canvas');
    if (!canvas) {
      canvas = document.createElement('canvas');
      canvas.setAttribute('aria-hidden', 'true');
      image.after(canvas);
    }
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext('2d');
    const shown = context.createImageData(canvas.width, canvas.height);
    for (let i = 0; i < own.length; i++) {
      const keep =
        (filter.colour === null || own[i] === filter.colour) &&
        (!filter.onlyChanged || own[i] !== other[i]);
      if (keep) {
        shown.data[4 * i] = own[i] >> 16;
        shown.data[4 * i + 1] = (own[i] >> 8) & 255;
        shown.data[4 * i + 2] = own[i] & 255;
        shown.data[4 * i + 3] = 255;
      }
    }
    context.putImageData(shown, 0, 0);
  }

  async function applyFilter(compare) {
    const layers = ['.before', '.after'].map((name) => compare.querySelector(name));
    const images = layers.map((layer) => layer.querySelector('img'));
    const active = filter.colour !== null || filter.onlyChanged;
    if (active) {
      await Promise.all(images.map((image) => image.decode()));
      const [before, after] = images.map(pixelsOf);
      drawLayer(layers[0], before, after);
      drawLayer(layers[1], after, before);
    }
    compare.classList.toggle('filtered', active);
  }

  function applyFilterToAll() {
    document.querySelectorAll('.compare').forEach(applyFilter);
  }

  function named(colour) {
    const name = document.createElement('b');
    name.textContent = legend.get(colour) ?? 'no class';
    const swatch = document.createElement('span');
    swatch.className = 'swatch';
    swatch.style.background = '#' + colour.toString(16).padStart(6, '0');
    return [swatch, name];
  }

  // What both models see under the pointer.
  function readOut(compare, readout, event) {
    const images = [...compare.querySelectorAll('.before img, .after img')];
    if (!images.every((image) => image.complete && image.naturalWidth)) return;
    const box = compare.getBoundingClientRect();
    const { naturalWidth: width, naturalHeight: height } = images[0];
    const x = Math.floor(((event.clientX - box.left) / box.width) * width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * height);
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const [before, after] = images.map((image) => pixelsOf(image)[y * width + x]);
    const parts = before === after
      ? ['Here: ', ...named(before), ' in both']
      : ['Here: ', ...named(before), ' before, ', ...named(after), ' after'];
    readout.replaceChildren(...parts);
  }

  function startSlider(compare) {
    const slider = compare.querySelector('input');
    const readout = compare.parentElement.querySelector('.readout');
    const second = compare.querySelector('.after .tag').textContent;
    const hint = 'Point at the picture to read the classes.';
    const move = () => {
      compare.style.setProperty('--cut', `${slider.value}%`);
      slider.setAttribute('aria-valuetext', `${slider.value} % source model, ${100 - slider.value} % ${second}`);
    };
    slider.addEventListener('input', move);
    compare.addEventListener('pointermove', (event) => readOut(compare, readout, event));
    compare.addEventListener('pointerdown', (event) => readOut(compare, readout, event));
    compare.addEventListener('pointerleave', (event) => {
      if (event.pointerType === 'mouse') readout.textContent = hint;
    });
    readout.textContent = hint;
    move(); // a reloaded page may restore another value
  }

  function startTools() {
    const section = document.getElementById('images');
    const views = section.querySelectorAll('[name=view]');
    const show = () => {
      section.dataset.view = [...views].find((view) => view.checked)?.value ?? 'blend';
    };
    views.forEach((view) => view.addEventListener('change', show));
    if (views.length) show();

    const onlyChanged = section.querySelector('[data-only-changed]');
    onlyChanged?.addEventListener('change', () => {
      filter.onlyChanged = onlyChanged.checked;
      applyFilterToAll();
    });
    if (onlyChanged?.checked) onlyChanged.dispatchEvent(new Event('change'));

    const buttons = [...section.querySelectorAll('[data-colour]')];
    for (const button of buttons) {
      const colour = colourOf(button.dataset.colour);
      const known = legend.get(colour);
      const name = button.textContent.trim();
      legend.set(colour, known ? `${known} or ${name}` : name);
      button.addEventListener('click', () => {
        filter.colour = button.getAttribute('aria-pressed') === 'true' ? null : colour;
        buttons.forEach((each) => {
          each.setAttribute('aria-pressed', String(each === button && filter.colour !== null));
        });
        applyFilterToAll();
      });
    }
  }

  function startCopy() {
    const button = document.querySelector('[data-copy]');
    const code = document.querySelector('.command code');
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(code); // then Ctrl+C copies it
        button.textContent = 'Selected';
      }
    });
  }

  document.addEventListener('DOMContentLoaded', () => {
    startTools();
    document.querySelectorAll('.compare').forEach(startSlider);
    startCopy();
  });
})();
