// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRootChain} from "../interfaces/IRootChain.sol";
import {Transfers} from "../lib/Transfers.sol";
import {PlasmaBase} from "./PlasmaBase.sol";

/// @title The ledger of registered exits, and payments
/// @dev An exit is registered under a block: that of its output, or of an in-flight exit's youngest input; zero for
/// deposits; but never before the latest block under which anything was paid. A payment must leave everything
/// registered under older blocks covered. Sums are exact: two blocks share a slot with 128 bits each, which no number
/// of 96-bit amounts that fits a chain can fill.
abstract contract Reserve is PlasmaBase {
    /// @dev The gas limit of a push: enough for smart wallets and proxied tokens.
    uint256 private constant PUSH_GAS_ETH = 100_000;
    uint256 private constant PUSH_GAS_TOKEN = 300_000;
    /// @dev The gas limit of a balance query. A token that does not answer covers nothing and does not block other
    /// tokens.
    uint256 private constant ASK_GAS = 300_000;

    uint256 internal _tokenCount = 1;
    mapping(uint256 id => address) internal _tokens;
    /// @dev Low half: amounts registered and not paid yet. High half: bonds (in ether) and deferred payments, which do
    /// not cover exits. For ether the latter has 88 bits, more than all ether; the bits above them hold the latest
    /// block under which anything was paid, in any token.
    mapping(uint256 token => uint256) private _ledgers;
    uint256 private constant PASSED_AT = 216;
    mapping(uint256 token => mapping(uint256 pair => uint256)) private _buckets;
    /// @dev While a token is short: the first bucket of the sum (high half), and the sum. Every registration that
    /// begins or ends under these buckets changes it.
    mapping(uint256 token => uint256) private _lines;
    /// @dev The bit of a ledger that marks a kept sum. No other field reaches this bit.
    uint256 private constant TRACKED = 1 << 255;
    /// @inheritdoc IRootChain
    mapping(address owner => mapping(uint256 token => uint256)) public pendingWithdrawals;

    /// @inheritdoc IRootChain
    function withdrawPending(uint256 token, address to) external nonReentrant {
        uint256 amount = pendingWithdrawals[msg.sender][token];
        if (amount == 0) revert NothingPending(msg.sender, token);
        pendingWithdrawals[msg.sender][token] = 0;
        _unhold(token, amount);
        emit PendingWithdrawn(msg.sender, token, amount, to);
        if (!Transfers.tryPush(tokenOf(token), to, amount, gasleft())) revert PaymentFailed(to, token);
    }

    /// @inheritdoc IRootChain
    function tokenOf(uint256 id) public view returns (address token) {
        if (id == 0) return address(0);
        token = _tokens[id];
        if (token == address(0)) revert UnknownToken(id);
    }

    /// @inheritdoc IRootChain
    function reserveOf(uint256 token) external view returns (uint256 reserved, uint256 held) {
        uint256 ledger = _ledgers[token];
        return (uint128(ledger), _heldOf(token, ledger));
    }

    /// @inheritdoc IRootChain
    function track(uint256 token, uint256 bucket) external {
        uint256 ledger = _ledgers[token];
        if (uint128(ledger) <= _holdings(token, ledger)) {
            // A sum that is not needed would only cost every later registration gas.
            _ledgers[token] = ledger & ~TRACKED;
            emit Tracked(token, NEVER);
            return;
        }
        uint256 line = _lines[token];
        uint256 at = line >> 128;
        uint256 sum = uint128(line);
        if (ledger & TRACKED == 0) {
            // No exit can be registered under a future block, so the sum begins exact and stays exact.
            (at, sum) = (_nextBucket(), 0);
            _ledgers[token] = ledger | TRACKED;
        }
        unchecked {
            while (at > bucket) sum += _sumOf(_buckets[token][--at]);
            while (at < bucket) sum -= _sumOf(_buckets[token][at++]);
        }
        _lines[token] = (at << 128) | sum;
        emit Tracked(token, at);
    }

    /// @inheritdoc IRootChain
    function tracked(uint256 token) external view returns (uint256 bucket, uint256 sum) {
        if (_ledgers[token] & TRACKED == 0) return (NEVER, 0);
        return (_lines[token] >> 128, uint128(_lines[token]));
    }

    /// @inheritdoc IRootChain
    function reservedUnder(uint256 token, uint256 number) external view returns (uint256) {
        return uint128(_buckets[token][number >> 1] >> _lane(number));
    }

    /// @inheritdoc IRootChain
    function passed() external view returns (uint256) {
        return _passed(_ledgers[0]);
    }

    // ----------------------------------------------------------------------------------------------------- Ledger

    /// @dev Returns the block under which an output of `priority` is registered now. A payment can have been fraudulent
    /// only for a block at least 2W old, so owners who exit within W of a fraud are registered before it.
    function _place(uint256 priority) internal view returns (uint256) {
        uint256 least = _passed(_ledgers[0]);
        return priority > least ? priority : least;
    }

    /// @dev Records that an exit registered under a block was paid.
    function _pass(uint256 priority) internal {
        uint256 ledger = _ledgers[0];
        uint256 before = _passed(ledger);
        unchecked {
            if (priority > before) _ledgers[0] = ledger + ((priority - before) << PASSED_AT);
        }
    }

    /// @dev Returns the latest block under which anything was paid, from the ledger of ether.
    function _passed(uint256 ledger) private pure returns (uint256) {
        return (ledger << 1) >> (PASSED_AT + 1);
    }

    /// @param amount The amount modulo 2^256; a negative one ends a registration
    function _register(uint256 token, uint256 priority, uint256 amount) internal {
        if (amount == 0) return;
        unchecked {
            uint256 ledger = _ledgers[token] + amount;
            _ledgers[token] = ledger;
            _buckets[token][priority >> 1] += amount << _lane(priority);
            if (ledger & TRACKED != 0) _retrack(token, priority, amount);
        }
    }

    /// @dev Ends a registration, and releases a bond with it.
    function _release(uint256 token, uint256 priority, uint256 amount, uint256 bond) internal {
        unchecked {
            _register(token, priority, 0 - amount);
        }
        _unhold(0, bond);
    }

    /// @dev Updates the sum over newer buckets, if the registration belongs to one of them.
    function _retrack(uint256 token, uint256 priority, uint256 amount) private {
        uint256 line = _lines[token];
        unchecked {
            if (priority >> 1 >= line >> 128) _lines[token] = line + amount;
        }
    }

    /// @dev Holds an amount for a bond or a deferred payment.
    function _hold(uint256 token, uint256 amount) internal {
        unchecked {
            _ledgers[token] += amount << 128;
        }
    }

    /// @dev Releases a held amount.
    function _unhold(uint256 token, uint256 amount) internal {
        unchecked {
            _ledgers[token] -= amount << 128;
        }
    }

    /// @dev Takes the bonds sent with the call.
    function _withdrawBond(uint256 bond) internal {
        if (msg.value != bond) revert IncorrectValue(msg.value, bond);
        _hold(0, bond);
    }

    /// @dev Returns true if an amount registered under `priority` can be paid while all that is older stays covered;
    /// newer buckets need not be covered if they are listed. Leaving some out only makes the condition stricter.
    function _isCovered(uint256 token, uint256 priority, uint256 amount, uint256[] calldata newer)
        internal
        view
        returns (bool, uint256 need, uint256 have)
    {
        uint256 ledger = _ledgers[token];
        have = _holdings(token, ledger);
        unchecked {
            need = uint128(ledger);
            uint256 end = NEVER;
            if (ledger & TRACKED != 0) {
                uint256 line = _lines[token];
                // The buckets of the sum need not be listed, and are not subtracted twice.
                if (priority >> 1 < line >> 128) {
                    end = line >> 128;
                    need -= uint128(line);
                }
            }
            for (uint256 i; i < newer.length; ++i) {
                uint256 pair = newer[i];
                if (pair < priority >> 1 || pair >= end) continue;
                uint256 word = _buckets[token][pair];
                if (pair == priority >> 1) {
                    // The exit's own bucket contains the amount itself, and the other block of the pair counts only if
                    // it is newer.
                    need += amount;
                    if (priority & 1 == 1) word &= uint256(type(uint128).max) << 128;
                }
                need -= _sumOf(word);
            }
        }
        return (need <= have, need, have);
    }

    /// @dev Returns the money available for exits: all but bonds and deferred payments.
    function _holdings(uint256 token, uint256 ledger) private view returns (uint256 have) {
        address asset = tokenOf(token);
        have = asset == address(0) ? address(this).balance : Transfers.balanceWithin(asset, ASK_GAS);
        uint256 held = _heldOf(token, ledger);
        unchecked {
            have = have < held ? 0 : have - held;
        }
    }

    /// @dev Returns the held amount of a ledger, without the bits above it.
    function _heldOf(uint256 token, uint256 ledger) private pure returns (uint256) {
        uint256 above = token == 0 ? 256 - PASSED_AT : 1;
        return (ledger << above) >> (above + 128);
    }

    /// @dev Returns the sum of both blocks of a bucket.
    function _sumOf(uint256 word) private pure returns (uint256) {
        unchecked {
            return uint128(word) + (word >> 128);
        }
    }

    /// @dev A bucket must not be subtracted twice.
    function _requireSorted(uint256[] calldata newer) internal pure {
        for (uint256 i = 1; i < newer.length; ++i) {
            if (newer[i] <= newer[i - 1]) revert UnsortedBuckets();
        }
    }

    /// @dev Returns the shift of a block's half in its bucket.
    function _lane(uint256 number) private pure returns (uint256) {
        return (number & 1) << 7;
    }

    // --------------------------------------------------------------------------------------------------- Payments

    /// @dev Pays an amount and the rest of a bond, with one push if both are ether.
    function _payBoth(address to, uint256 token, uint256 amount, uint256 bond) internal {
        if (token == 0) {
            _pay(to, 0, amount + bond);
        } else {
            _pay(to, 0, bond);
            _pay(to, token, amount);
        }
    }

    /// @dev Never reverts because of the receiver or the token: an amount that cannot be pushed waits for `withdrawPending`.
    function _pay(address to, uint256 token, uint256 amount) internal {
        if (amount == 0) return;
        address asset = tokenOf(token);
        uint256 cap = token == 0 ? PUSH_GAS_ETH : PUSH_GAS_TOKEN;
        uint256 before = gasleft();
        if (Transfers.tryPush(asset, to, amount, cap)) return;
        // A caller must not turn a payment into a debt by supplying too little gas.
        uint256 need = (cap * 64) / 63 + 50_000;
        if (before < need) revert InsufficientGas(before, need);
        _hold(token, amount);
        _owe(to, token, amount);
    }

    /// @dev Credits a held amount to its owner, who can withdraw it.
    function _owe(address to, uint256 token, uint256 amount) internal {
        unchecked {
            pendingWithdrawals[to][token] += amount;
        }
        emit PayoutDeferred(to, token, amount);
    }
}
