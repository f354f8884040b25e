"""The report in a real browser: sliders, views, filters, narrow and dark screens."""

import json
import shutil
import time
from collections.abc import Callable, Iterator

import pytest

from mmseg_maxsquare.adapt.report import write_report

from .report_case import NASTY, example, report

webdriver = pytest.importorskip('selenium.webdriver', reason='no selenium: no test in a browser')
from selenium.webdriver import ActionChains, Keys  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.remote.webelement import WebElement  # noqa: E402

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
OPTIONS = ('--headless=new', '--no-sandbox', '--disable-dev-shm-usage', '--hide-scrollbars')
LONG = 'a_folder_with_a_long_name_and_no_break_' * 3
WITHIN = 10  # seconds


@pytest.fixture(scope='module')
def driver() -> Iterator[webdriver.Chrome]:
    """Headless Chromium; nothing is downloaded."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    control = shutil.which('chromedriver')
    if browser is None or control is None:
        pytest.skip('no Chromium with chromedriver: apt-get install chromium chromium-driver')
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for option in OPTIONS:
        options.add_argument(option)
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
    driver = webdriver.Chrome(options=options, service=Service(control))
    yield driver
    driver.quit()


@pytest.fixture(scope='module')
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A report with names that are long or would be markup."""
    path = tmp_path_factory.mktemp('report') / 'report.html'
    examples = [example(), example(NASTY, 64, 96), example(f'{LONG}.png')]
    facts = {'Config': LONG * 2, 'A very long name of a fact': 'x'}
    command = f'mmseg-maxsquare predict {LONG}.py'
    write_report(path, report(examples=examples, facts=facts, command=command))
    return path.as_uri()


@pytest.fixture
def page(driver: webdriver.Chrome, address: str) -> webdriver.Chrome:
    """The report on a desktop, in a light scheme."""
    show(driver, 1280, 'light', address)
    return driver


def show(driver: webdriver.Chrome, width: int, scheme: str, address: str) -> None:
    size = dict(width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
    driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', size)
    features = [dict(name='prefers-color-scheme', value=scheme)]
    driver.execute_cdp_cmd('Emulation.setEmulatedMedia', dict(features=features))
    driver.get(address)


def select(driver: webdriver.Chrome, css: str) -> list[WebElement]:
    return driver.find_elements('css selector', css)


def style(driver: webdriver.Chrome, css: str, name: str) -> str:
    """Computed style of the first element."""
    script = 'return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]'
    return driver.execute_script(script, css, name)


def wait(condition: Callable[[], object]) -> None:
    end = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < end, 'the page did not change in time'
        time.sleep(0.02)


def layers(driver: webdriver.Chrome) -> tuple[str, str]:
    """How the two predictions of the first example are clipped."""
    return style(driver, '.before', 'clipPath'), style(driver, '.after', 'clipPath')


def opaque(driver: webdriver.Chrome, layer: str) -> float:
    """Share of opaque pixels that a filter left of a layer of the first example."""
    return driver.execute_script(
        """const canvas = document.querySelector(arguments[0] + ' canvas');
        const { data } = canvas.getContext('2d')
          .getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, i) => i % 4 == 3 && value == 255).length
          / (data.length / 4);""",
        layer,
    )


def test_nothing_is_requested_and_nothing_fails(driver: webdriver.Chrome, address: str) -> None:
    driver.get('about:blank')
    driver.get_log('performance')
    driver.get_log('browser')
    show(driver, 1280, 'light', address)
    loaded = 'return [...document.images].every((i) => i.complete && i.naturalWidth > 0)'
    wait(lambda: driver.execute_script(loaded))
    messages = [json.loads(entry['message'])['message'] for entry in driver.get_log('performance')]
    requests = [
        message['params']['request']['url']
        for message in messages
        if message['method'] == 'Network.requestWillBeSent'
    ]
    assert address in requests
    assert [url for url in requests if url != address and not url.startswith('data:')] == []
    assert driver.get_log('browser') == []
    assert len(select(driver, 'main img')) == 3 * 5


def test_slider_by_keyboard(page: webdriver.Chrome) -> None:
    assert layers(page) == ('inset(0px 50% 0px 0px)', 'inset(0px 0px 0px 50%)')
    slider, other = select(page, '.compare input')[:2]
    slider.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert layers(page) == ('inset(0px 48% 0px 0px)', 'inset(0px 0px 0px 52%)')
    assert slider.get_attribute('aria-valuetext') == '52 % source model, 48 % adapted model'
    slider.send_keys(Keys.HOME)
    assert layers(page) == ('inset(0px 100% 0px 0px)', 'inset(0px 0px 0px 0%)')
    assert other.get_attribute('value') == '50'
    assert style(page, '.compare', 'outlineStyle') == 'solid'  # the focus is visible


def test_slider_by_mouse(page: webdriver.Chrome) -> None:
    slider = select(page, '.compare input')[0]
    width = slider.size['width']
    mouse = ActionChains(page).move_to_element(slider).click_and_hold()
    mouse.move_by_offset(width // 4, 0).release().perform()
    assert abs(int(slider.get_attribute('value')) - 75) <= 1
    assert layers(page)[1] == f'inset(0px 0px 0px {slider.get_attribute("value")}%)'
    assert (
        abs(select(page, '.handle')[0].rect['x'] - slider.rect['x'] - 0.75 * width) < 0.02 * width
    )


def test_slider_by_touch(driver: webdriver.Chrome, address: str) -> None:
    """On a phone, to the side; the page does not move."""
    show(driver, 360, 'light', address)
    driver.execute_cdp_cmd('Emulation.setTouchEmulationEnabled', dict(enabled=True))
    slider = select(driver, '.compare input')[0]
    driver.execute_script('arguments[0].scrollIntoView({ block: "center" })', slider)
    box = driver.execute_script('return arguments[0].getBoundingClientRect().toJSON()', slider)
    y = box['y'] + box['height'] / 2
    for kind, share in (('touchStart', 0.5), ('touchMove', 0.4), ('touchMove', 0.2)):
        point = dict(x=box['x'] + share * box['width'], y=y)
        driver.execute_cdp_cmd('Input.dispatchTouchEvent', dict(type=kind, touchPoints=[point]))
    driver.execute_cdp_cmd('Input.dispatchTouchEvent', dict(type='touchEnd', touchPoints=[]))
    driver.execute_cdp_cmd('Emulation.setTouchEmulationEnabled', dict(enabled=False))
    assert abs(int(slider.get_attribute('value')) - 20) <= 1
    assert layers(driver)[1] == f'inset(0px 0px 0px {slider.get_attribute("value")}%)'
    assert 'before' in select(driver, '.readout')[0].text  # the left quarter changed


def test_views(page: webdriver.Chrome) -> None:
    """By the arrow keys of a group of radio buttons."""
    assert 0.3 < float(style(page, '.after img', 'opacity')) < 0.8
    select(page, '[value=blend]')[0].send_keys(Keys.ARROW_RIGHT)
    assert style(page, '.after img', 'opacity') == '1'
    select(page, '[value=prediction]')[0].send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert style(page, '.after', 'visibility') == style(page, '.before', 'visibility') == 'hidden'
    assert style(page, '.photo', 'visibility') == 'visible'


def test_classes_under_the_pointer(page: webdriver.Chrome) -> None:
    slider, readout = select(page, '.compare input')[0], select(page, '.readout')[0]
    width = slider.size['width']
    wait(lambda: 'Point at the picture' in readout.text)
    mouse = ActionChains(page)
    mouse.move_to_element_with_offset(slider, -round(0.4 * width), 0).perform()
    assert readout.text == 'Here: road before, sky after'
    mouse.move_to_element_with_offset(slider, round(0.4 * width), 0).perform()
    assert readout.text == 'Here: sky in both'


def test_filters(page: webdriver.Chrome) -> None:
    """One class alone, by keyboard; only the quarter that changed; none."""
    road = select(page, '[data-colour]')[0]
    road.send_keys(Keys.SPACE)
    wait(lambda: len(select(page, '.filtered')) == 3)
    assert road.get_attribute('aria-pressed') == 'true'
    assert (opaque(page, '.before'), opaque(page, '.after')) == (0.5, 0.25)
    select(page, '[data-only-changed]')[0].click()
    wait(lambda: opaque(page, '.before') == 0.25)
    assert opaque(page, '.after') == 0
    road.send_keys(Keys.ENTER)
    wait(lambda: opaque(page, '.after') == 0.25)
    assert road.get_attribute('aria-pressed') == 'false'
    select(page, '[data-only-changed]')[0].click()
    wait(lambda: select(page, '.filtered') == [])


@pytest.mark.parametrize('width', [320, 360, 768, 1280])
def test_no_horizontal_scrolling(driver: webdriver.Chrome, address: str, width: int) -> None:
    show(driver, width, 'light', address)
    sizes = 'return [innerWidth, document.documentElement.scrollWidth]'
    assert driver.execute_script(sizes) == [width, width]


def test_schemes(driver: webdriver.Chrome, address: str) -> None:
    grounds = {}
    for scheme in ('light', 'dark'):
        show(driver, 1280, scheme, address)
        channels = style(driver, 'body', 'backgroundColor')[4:-1].split(',')
        grounds[scheme] = sum(map(int, channels)) / 3
    assert grounds['light'] > 200 and grounds['dark'] < 50


def test_without_javascript(driver: webdriver.Chrome, address: str) -> None:
    """All pictures side by side; what would not work is not shown."""
    driver.execute_cdp_cmd('Emulation.setScriptExecutionDisabled', dict(value=True))
    try:
        show(driver, 1280, 'light', address)
        boxes = [image.rect for image in select(driver, 'main img')[:3]]
        assert all(box['width'] > 200 for box in boxes)
        ends = [box['x'] + box['width'] for box in boxes]
        assert ends[0] < boxes[1]['x'] and ends[1] < boxes[2]['x']
        assert not any(e.is_displayed() for e in select(driver, 'input, [data-copy], .handle'))
        show(driver, 360, 'light', address)
        assert driver.execute_cdp_cmd('Page.getLayoutMetrics', {})['cssContentSize']['width'] == 360
    finally:
        driver.execute_cdp_cmd('Emulation.setScriptExecutionDisabled', dict(value=False))


def test_keyboard_reaches_everything(page: webdriver.Chrome) -> None:
    """By the tab key: links, views, filter, classes, every slider, the table."""
    reached = []
    for _ in range(25):
        ActionChains(page).send_keys(Keys.TAB).perform()
        element = page.switch_to.active_element
        reached.append(element.get_attribute('type') or element.tag_name)
    assert reached.count('range') == 3
    assert {'a', 'button', 'radio', 'checkbox', 'div'} <= set(reached)


def test_copy(page: webdriver.Chrome, address: str) -> None:
    """Where the clipboard is closed, the command is selected instead."""
    button = select(page, '[data-copy]')[0]
    button.click()
    wait(lambda: button.text in ('Copied', 'Selected'))
    if button.text == 'Selected':
        assert LONG in page.execute_script('return String(getSelection())')
