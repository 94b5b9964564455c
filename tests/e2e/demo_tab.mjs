// A tab with /demo, as a user works with it. page: opened with openPage; timeout: milliseconds for each step.
export class DemoTab {
    constructor(page, user, timeout) {
        this.page = page;
        this.user = user; // {username, password}
        this.wait = { timeout };
    }

    // how: log-in or register. The user is registered with the SIP server when this returns.
    async enter(url, how, displayName = "") {
        await this.page.goto(`${url}/demo`);
        await this.page.fill("#username", this.user.username, this.wait);
        await this.page.fill("#password", this.user.password, this.wait);
        await this.page.fill("#display-name", displayName, this.wait);
        await this.click(how);
        await this.sees('#sip[data-state="registered"]');
    }

    async sees(selector) {
        await this.page.locator(selector).waitFor(this.wait);
    }

    // Media have found a way. A call that ends instead says why.
    async talks() {
        await this.sees('#call[data-state="connected"]:visible, #outcome:visible');
        const over = this.page.locator("#outcome:visible");
        if (await over.count()) throw new Error(`the call of ${this.user.username} is over: ${await over.innerText(this.wait)}`);
    }

    data(id) {
        return this.page.locator(`#${id}`).evaluate((each) => ({ ...each.dataset }), undefined, this.wait);
    }

    text(id) {
        return this.page.locator(`#${id}`).innerText(this.wait);
    }

    click(id) {
        return this.page.click(`#${id}`, this.wait);
    }

    // how: call-audio or call-video; connection: a value of the page's choice.
    async call(callee, how = "call-audio", connection = "direct") {
        await this.page.selectOption("#connection", connection, this.wait);
        await this.page.fill("#callee", callee.username, this.wait);
        await this.click(how);
    }
}
