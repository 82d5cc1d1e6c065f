// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IChannelHub} from "../interfaces/IChannelHub.sol";
import {IERC2612, IPermit2} from "../interfaces/IPulls.sol";
import {Calldata} from "../lib/Calldata.sol";
import {Transfers} from "../lib/Transfers.sol";
import {Words} from "../lib/Words.sol";
import {Key} from "../types/Key.sol";
import {Slots} from "../types/Slots.sol";
import {HubBase} from "./HubBase.sol";

/// @title Deposits: by value, by allowance, by EIP-3009, EIP-2612 and Permit2
/// @dev A token deposit counts only if the hub's balance grew by exactly the credited amount. No other deposit may run
/// during the measurement, because one transfer could otherwise be credited twice.
abstract contract Funding is HubBase {
    bytes32 private constant DEPOSIT_TYPE =
        keccak256("Deposit(bytes32 channelId,uint128 amount,uint256 nonce,uint48 validUntil)");
    /// @dev The type of the witness that binds a Permit2 signature to a channel.
    bytes32 private constant WITNESS_TYPE = keccak256("Deposit(bytes32 channelId)");
    /// @dev The witness type string that Permit2 expects, in three words.
    uint256 private constant WITNESS_STRING_1 = uint256(bytes32("Deposit witness)Deposit(bytes32 "));
    uint256 private constant WITNESS_STRING_2 = uint256(bytes32("channelId)TokenPermissions(addre"));
    uint256 private constant WITNESS_STRING_3 = uint256(bytes32("ss token,uint256 amount)"));

    /// @dev receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)
    uint256 private constant RECEIVE_SPLIT = 0xef55bec6;
    /// @dev receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)
    uint256 private constant RECEIVE_BYTES = 0x88b7ab63;

    bool private transient _pulling;

    /// @dev Prevents re-entry of deposits.
    modifier whilePulling() {
        if (_pulling) revert ReentrantCall();
        _pulling = true;
        _;
        _pulling = false;
    }

    /// @inheritdoc IChannelHub
    function depositETH(bytes32 id, bool sideB) external payable {
        uint256 tail = uint256(id);
        if (tail & 1 != 0) revert UnexpectedChannelMode(id);
        (uint256 amountA, uint256 amountB) = sideB ? (uint256(0), msg.value) : (msg.value, uint256(0));
        Channel storage c = _channels[id];
        uint256 slot0 = c.slot0;
        if (slot0 == 0) _requireOpenable(id);
        _credit(c, id, slot0, tail & 2 != 0, amountA, amountB);
    }

    /// @inheritdoc IChannelHub
    function deposit(Key calldata key, uint112 amountA, uint112 amountB) external payable {
        bytes32 id = key.id();
        uint256 total;
        unchecked {
            total = uint256(amountA) + amountB;
        }
        address token = key.asset();
        uint256 due = token == address(0) ? total : 0;
        if (msg.value != due) revert IncorrectValue(msg.value, due);
        if (token != address(0)) _pullAllowance(token, total);
        Channel storage c = _channels[id];
        uint256 slot0 = c.slot0;
        _requireNew(key, id, slot0);
        _credit(c, id, slot0, key.isSimplex(), amountA, amountB);
    }

    /// @inheritdoc IChannelHub
    function depositPulled(Key calldata key, Pull[] calldata pulls) external whilePulling {
        bytes32 id = key.id();
        Channel storage c = _channels[id];
        _requireNew(key, id, c.slot0);
        address token = key.asset();
        uint256 held = Transfers.balance(token);
        uint256[2] memory amounts;
        for (uint256 i; i < pulls.length; ++i) {
            Pull calldata part = pulls[i];
            uint256 amount = part.amount;
            uint256 side = part.sideB ? 1 : 0;
            uint256 holds = _pull(token, key.party(side == 1), id, part, amount, held);
            if (holds == held) continue;
            held = holds;
            unchecked {
                amounts[side] += amount;
            }
        }
        // The slot is read again, because a token's hook may have closed or disputed the channel meanwhile.
        _credit(c, id, c.slot0, key.isSimplex(), amounts[0], amounts[1]);
    }

    /// @dev Adds the amounts to the nets. `move` uses it as well.
    function _credit(Channel storage c, bytes32 id, uint256 slot0, bool simplex, uint256 amountA, uint256 amountB)
        internal
    {
        if (Slots.deadline(slot0) != 0) _requireOpen(id, slot0);
        _requireAtMost(id, amountA | amountB, 1);
        uint256 word;
        if (simplex) {
            if (amountB != 0) revert UnexpectedChannelMode(id);
            uint256 net = (slot0 & Slots.MASK111) + amountA;
            _requireAtMost(id, Slots.MAX_NET, net);
            word = (slot0 & ~Slots.MASK111) | net;
        } else {
            // Above 2^110 the sums below could exceed 256 bits or int111.
            _requireAtMost(id, Slots.MAX_NET, amountA | amountB);
            (int256 netA, int256 netB) = Slots.nets(slot0);
            unchecked {
                netA += int256(amountA);
                netB += int256(amountB);
            }
            if (netA > 0) _requireAtMost(id, Slots.MAX_NET, uint256(netA));
            if (netB > 0) _requireAtMost(id, Slots.MAX_NET, uint256(netB));
            word = Slots.packNets(netA, netB);
        }
        c.slot0 = word;
        emit Deposited(id, word);
    }

    /// @dev Reads `openBefore` from the id itself.
    function _requireOpenable(bytes32 id) internal view {
        uint256 openBefore = uint32(uint256(id) >> 8);
        if (block.timestamp > openBefore) revert OpeningExpired(id, block.timestamp, openBefore);
    }

    /// @dev Checks the key of a new channel. A channel that holds money was checked before.
    function _requireNew(Key calldata key, bytes32 id, uint256 slot0) internal view {
        if (slot0 == 0) _requireLawful(key.party(false), key.party(true), key.params, id);
    }

    /// @dev Requires a valid key whose channel can still be opened.
    function _requireLawful(address a, address b, uint256 params, bytes32 id) private view {
        // `_delayOf` returns a delay within its bounds unchanged.
        if (
            a == b || a == address(0) || b == address(0) || params >> 129 != 0
                || _delayOf(params) != uint32(params >> 96)
        ) revert InvalidKey(id);
        _requireOpenable(id);
    }

    // ------------------------------------------------------------------------------------------------------ Pulls

    function _pullAllowance(address token, uint256 amount) private whilePulling {
        uint256 before = Transfers.balance(token);
        Transfers.tryPull(token, msg.sender, amount);
        _requireGrown(token, before, Transfers.balance(token), amount);
    }

    /// @dev Only the balance counts, because the return values of tokens are not trusted either way.
    function _requireGrown(address token, uint256 before, uint256 afterwards, uint256 need) private pure {
        uint256 received;
        unchecked {
            // A balance that fell wraps around and equals no amount that can be credited.
            received = afterwards - before;
        }
        if (received != need) revert InsufficientTransfer(token, received, need);
    }

    /// @dev Skips an authorisation that someone else has already used: it was credited then, and must not block the
    /// other side.
    /// @return holds The hub's balance of the token after the pull
    function _pull(address token, address owner, bytes32 id, Pull calldata part, uint256 amount, uint256 held)
        private
        returns (uint256 holds)
    {
        Source source = part.source;
        bytes calldata data = part.data;
        uint256 nonce = Calldata.wordAt(data, 5);
        if (source == Source.Authorization) {
            _pullAuthorized(token, owner, id, data, amount);
        } else if (source == Source.Permit2) {
            _pullPermit2(token, owner, id, data, amount);
        } else {
            if (source == Source.Permit) {
                if ((depositNonces[owner][nonce >> 8] >> (nonce & 255)) & 1 != 0) return held;
                _permit(token, owner, id, data, amount, nonce);
            } else {
                owner = msg.sender;
            }
            Transfers.tryPull(token, owner, amount);
        }
        holds = Transfers.balance(token);
        if (holds == held && source != Source.Allowance) return held;
        _requireGrown(token, held, holds, amount);
        // The nonce is used up only when the money arrives: otherwise anyone could void a deposit that is not yet
        // covered.
        if (source == Source.Permit) depositNonces[owner][nonce >> 8] |= 1 << (nonce & 255);
    }

    /// @dev Calls with the selector in `words[0]`, the `count` words after it, and `tail`. The result is ignored.
    function _callWith(address target, uint256[16] memory words, uint256 count, bytes calldata tail) private {
        assembly ("memory-safe") {
            let end := add(add(words, 32), shl(5, count))
            // The memory after the words is free.
            calldatacopy(end, tail.offset, tail.length)
            let start := add(words, 28)
            pop(call(gas(), target, 0, start, add(sub(end, start), tail.length), 0, 0))
        }
    }

    /// @dev Encodes `permitWitnessTransferFrom` by hand: static structs are inline in the ten head words, the witness
    /// type string has 88 bytes and is padded to 96.
    function _pullPermit2(address token, address owner, bytes32 id, bytes calldata data, uint256 amount) private {
        bytes calldata signature = Calldata.bytesAt(data, 2);
        bytes32 witness = Words.hash(WITNESS_TYPE, id);
        uint256[16] memory words;
        words[0] = uint32(IPermit2.permitWitnessTransferFrom.selector);
        words[1] = uint160(token);
        words[2] = amount;
        words[3] = Calldata.wordAt(data, 0);
        words[4] = Calldata.wordAt(data, 1);
        words[5] = uint160(address(this));
        words[6] = amount;
        words[7] = uint160(owner);
        words[8] = uint256(witness);
        words[9] = 320;
        words[10] = 320 + 32 + 96;
        words[11] = 88;
        words[12] = WITNESS_STRING_1;
        words[13] = WITNESS_STRING_2;
        words[14] = WITNESS_STRING_3;
        words[15] = signature.length;
        _callWith(_PERMIT2, words, 15, signature);
    }

    /// @dev The nonce binds the authorisation to the channel, and the token ensures that it is used once.
    function _pullAuthorized(address token, address owner, bytes32 id, bytes calldata data, uint256 amount) private {
        bytes calldata signature = Calldata.bytesAt(data, 3);
        uint256[16] memory words;
        words[1] = uint160(owner);
        words[2] = uint160(address(this));
        words[3] = amount;
        words[4] = Calldata.wordAt(data, 1);
        words[5] = Calldata.wordAt(data, 2);
        words[6] = uint256(Words.hash(id, bytes32(Calldata.wordAt(data, 0))));
        if (signature.length == 65) {
            words[0] = RECEIVE_SPLIT;
            _split(words, 7, signature);
            _callWith(token, words, 9, Calldata.slice(data, 0, 0));
        } else {
            words[0] = RECEIVE_BYTES;
            words[7] = 7 * 32;
            words[8] = signature.length;
            _callWith(token, words, 8, signature);
        }
    }

    /// @dev A permit alone does not name this channel, and an allowance may outlive it. The owner therefore also signs
    /// a `Deposit`, which counts once.
    function _permit(address token, address owner, bytes32 id, bytes calldata data, uint256 amount, uint256 nonce)
        private
    {
        uint256 validUntil = Calldata.wordAt(data, 3);
        _requireNotExpired(validUntil);
        bytes32 structHash = Words.hash(DEPOSIT_TYPE, id, amount, nonce, validUntil);
        _requireSigned(structHash, owner, Calldata.bytesAt(data, 4));
        bytes calldata signature = Calldata.bytesAt(data, 2);
        if (signature.length != 65) return;
        // If the permit was already used, the allowance exists and the pull succeeds.
        uint256[16] memory words;
        words[0] = uint32(IERC2612.permit.selector);
        words[1] = uint160(owner);
        words[2] = uint160(address(this));
        words[3] = Calldata.wordAt(data, 0);
        words[4] = Calldata.wordAt(data, 1);
        _split(words, 5, signature);
        _callWith(token, words, 7, Calldata.slice(data, 0, 0));
    }

    /// @dev Writes v, r and s of a 65-byte signature into three words.
    function _split(uint256[16] memory words, uint256 first, bytes calldata signature) private pure {
        assembly ("memory-safe") {
            let at := add(words, shl(5, first))
            mstore(at, byte(0, calldataload(add(signature.offset, 64))))
            calldatacopy(add(at, 32), signature.offset, 64)
        }
    }
}
