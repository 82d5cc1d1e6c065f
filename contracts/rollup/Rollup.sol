// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRollup} from "../interfaces/IRollup.sol";
import {Assertions} from "./Assertions.sol";
import {RollupBase} from "./RollupBase.sol";
import {Vault} from "./Vault.sol";

/// @title The deployable: inbox, assertions, vault, and the way out when all else has stopped
contract Rollup is Vault {
    uint256 private constant ESCAPES = 1 << 64;
    uint256 private constant REFUNDS = 1 << 65;
    uint256 private constant DEPOSIT_BYTES = 75;

    constructor(Config memory config_, address[] memory judges_, bytes32 genesisRoot)
        RollupBase(config_)
        Assertions(judges_, genesisRoot)
    {}

    /// @inheritdoc IRollup
    function freeze(Claim calldata final_, Item calldata next) external whileRunning {
        uint256 since = _head.pendingSince;
        if (_head.consumed == _tail.length || block.timestamp <= since + _FREEZE_AFTER) {
            if (_requireFinal(final_) != _finalId) revert ParentNotFinal(final_.parent, _finalId);
            uint256 index = final_.inboxEnd + 1;
            if (keccak256(abi.encode(next)) != accs[index]) revert ItemMismatch(index);
            since = next.time;
        }
        uint256 from = since + _FREEZE_AFTER + 1;
        if (block.timestamp < from) revert TooEarly(block.timestamp, from);
        _head.frozen = true;
        emit Frozen(_finalId);
    }

    /// @inheritdoc IRollup
    function escape(
        Claim calldata final_,
        Roots calldata roots,
        uint256 account,
        bytes32 owner,
        uint256 word,
        bytes32[] calldata path
    ) external {
        bytes32 id = _requireLast(final_, roots);
        // A BLS key has no address of its own.
        if (uint256(owner) >> 160 != 0) revert ProofInvalid();
        _requirePath(roots.accounts, keccak256(abi.encode(owner, word)), account, path, ACCOUNT_DEPTH);
        _spend(id, ESCAPES | account);
        address target = address(uint160(uint256(owner)));
        uint16 token = uint16(word >> 160);
        uint128 amount = uint128(word);
        emit Escaped(account, target, token, amount);
        _pay(tokenOf(token), target, amount);
    }

    /// @inheritdoc IRollup
    function refund(
        Claim calldata final_,
        Roots calldata roots,
        uint256 index,
        bytes28 before,
        bytes calldata raw,
        bytes32[] calldata later
    ) external {
        bytes32 id = _requireLast(final_, roots);
        if (index < uint64(uint256(roots.numbers) >> 128)) revert AlreadyPaid(index);
        bytes28 acc = _nextQueueAcc(before, keccak256(raw));
        for (uint256 i; i < later.length; ++i) {
            acc = _nextQueueAcc(acc, later[i]);
        }
        if (!_wasQueueAcc(index + 1 + later.length, acc)) revert ProofInvalid();
        if (raw.length != DEPOSIT_BYTES || uint8(raw[0]) != ITEM_DEPOSIT) revert ProofInvalid();
        _spend(id, REFUNDS | index);
        address target = address(bytes20(raw[1:21]));
        uint16 token = uint16(bytes2(raw[21:23]));
        uint128 amount = uint128(bytes16(raw[23:39]));
        emit Refunded(index, target, token, amount);
        _pay(tokenOf(token), target, amount);
    }

    function _requireLast(Claim calldata final_, Roots calldata roots) private view returns (bytes32 id) {
        if (!_head.frozen) revert FrozenMode(false);
        id = _requireFinal(final_);
        if (id != _finalId) revert StatusWrong(id, Status.Final);
        if (_stateRoot(roots) != final_.root) revert ProofInvalid();
    }
}
